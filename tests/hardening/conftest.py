"""What these tests share with those of the page."""

from tests.demo.conftest import among_equals  # noqa: F401
