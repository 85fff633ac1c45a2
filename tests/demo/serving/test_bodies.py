import pytest

from demo.serving import bodies


@pytest.mark.parametrize("body", [b"[1]", b"{", b"\xff", b'{"a":' * 100_000, b""])
def test_only_an_object_is_parsed(body):
    assert bodies.parsed(body) is None


@pytest.mark.parametrize("path,is_address", [("http://a/b", True), ("ftp://x", True), ("/tmp/a", False), (None, False)])
def test_an_address_is_found_however_deep(path, is_address):
    assert bodies.names_address({"data": [[{"x": {"path": path}}]]}) is is_address
