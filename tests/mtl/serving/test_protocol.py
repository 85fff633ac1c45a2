"""A server on a socket, asked by what is no HTTP, too much, or by another name: JSON with one sentence for all."""

import http.client
import json
import socket
from threading import Thread

import pytest
import uvicorn

from mtl.serving.hosts import is_loopback, served_names
from mtl.serving.limits import ServeLimits
from mtl.serving.model import ServedModel
from mtl.serving.server import ServeOptions, _config
from tests.demo.server import free_port
from tests.waiting import CEILING, until

HEAD = b"POST /embed HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
CHUNK = b"10000\r\n" + b"x" * 65536 + b"\r\n"


@pytest.fixture(scope="module")
def port(engine):
    number = free_port()
    model = ServedModel(engine, "tiny", ServeLimits(body_mb=0.001))
    server = uvicorn.Server(_config(model, ServeOptions("127.0.0.1", number)))
    server.config.port = number
    thread = Thread(target=server.run)
    thread.start()
    until(lambda: server.started, "a server that answers")
    yield number
    server.should_exit = True
    thread.join(CEILING)


def _ask(port, request):
    """The status and the content of the answer to raw bytes; all are sent before the answer is read."""
    with socket.create_connection(("127.0.0.1", port), CEILING) as connection:
        connection.sendall(request)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        return answer.status, answer.getheader("content-type"), json.loads(answer.read())


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),  # HTTPS
        (b"GET\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),  # no Host
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\na b: c\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: x\r\n\r\n", 400),
        (HEAD + b"Transfer-Encoding: gzip\r\n\r\n", 501),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\nnot hexadecimal\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"x" * 3_000_000 + b"\r\n\r\n", 431),
        (b"GET /" + b"x" * 200_000 + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 431),
        (HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNK * 100 + b"0\r\n\r\n", 413),
        (HEAD + b"Content-Length: 6000000\r\n\r\n" + b"x" * 6_000_000, 413),
        (b"GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", 421),
        (b"POST /embed HTTP/1.1\r\nHost: evil.example:80\r\nContent-Length: 2\r\n\r\n{}", 421),
    ],
    ids=lambda value: repr(value[-30:]) if isinstance(value, bytes) else str(value),
)
def test_what_is_no_request_is_one_sentence_in_json(port, request_, status):
    found, kind, content = _ask(port, request_)
    assert (found, kind) == (status, "application/json")
    assert set(content) == {"error", "detail"} and set(content["error"]) == {"message", "type", "param", "code"}
    assert content["detail"] == content["error"]["message"] and "\n" not in content["detail"]


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "LOCALHOST:8000", "[::1]:8000"])
def test_a_server_of_this_machine_answers_to_its_names(port, name):
    request = f"GET /healthz HTTP/1.1\r\nHost: {name}\r\n\r\n".encode()
    assert _ask(port, request)[0] == 200


def test_names_are_asked_for_where_a_server_is_of_this_machine_alone_or_names_are_given():
    for host in ("127.0.0.1", "localhost", "::1", "[::1]", "127.0.0.2"):
        assert is_loopback(host) and {"localhost", "127.0.0.1", host.strip("[]")} <= set(served_names(host, ()))
    for host in ("0.0.0.0", "::", "10.0.0.1", "example.org"):
        assert not is_loopback(host) and served_names(host, ()) is None
        assert "api.example.org" in served_names(host, ("API.example.org",))
        assert not {"0.0.0.0", "::"} & set(served_names(host, ("a",)))
