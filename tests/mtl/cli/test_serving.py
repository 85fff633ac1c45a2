"""`mtl serve` before it listens."""

import socket
from dataclasses import asdict

import pytest

from mtl.cli import serving
from mtl.cli.serving import parse_limits
from mtl.errors import InputError
from mtl.serving.limits import ServeLimits
from tests.mtl.cli.calling import complaint


def test_limits_are_changed_by_name():
    found = parse_limits(["tokens=5", "seconds=0.5", "tokens=6"])
    assert asdict(found) == {**asdict(ServeLimits()), "tokens": 6, "seconds": 0.5}


@pytest.mark.parametrize(
    "given", ["", "tokens", "tokens=", "tokens=0", "tokens=-1", "tokens=1.5", "seconds=nan", "x=1"]
)
def test_a_wrong_limit_is_named(given):
    with pytest.raises(InputError) as refused:
        parse_limits([given])
    assert "expected" in str(refused.value) or "above 0" in str(refused.value)
    assert complaint("serve", "starter", "--limit", given).startswith("--limit: ")


def test_without_the_extra_the_command_says_what_to_install(monkeypatch):
    monkeypatch.setattr(serving, "find_spec", lambda name: None if name == "uvicorn" else object())
    assert complaint("serve", "starter") == "serve needs uvicorn: pip install 'polyhead[serve]'"


def test_a_port_that_is_taken_is_said_before_the_model_loads(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert f"another program uses {port}" in complaint("serve", tmp_path / "none", "--port", port)


def test_a_host_that_is_none_is_named(tmp_path):
    assert "--host of this machine" in complaint("serve", tmp_path, "--host", "192.0.2.1")
