import socket

import pytest

from demo.serving.launching import need_port
from mtl.errors import InputError


def test_a_port_that_is_free_is_taken_by_nobody():
    for _ in range(2):
        need_port("127.0.0.1", 0)
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(InputError, match=f"another program uses {other.getsockname()[1]}"):
            need_port("127.0.0.1", other.getsockname()[1])


@pytest.mark.parametrize(
    ("host", "port", "sentence"),
    [
        ("127.0.0.1", 65_536, "from 0 to 65535"),
        ("127.0.0.1", -1, "from 0 to 65535"),
        ("192.0.2.1", 0, "--host of this machine was expected, was '192.0.2.1'"),
        ("a..b", 0, "--host of this machine"),
        ("x" * 300, 0, "--host of this machine"),
    ],
)
def test_a_place_where_nobody_can_listen_is_refused_in_one_sentence(host: str, port: int, sentence: str):
    with pytest.raises(InputError, match=sentence):
        need_port(host, port)
