"""The gate, called as a web server calls it."""

import asyncio
import json
import logging

import pytest

from mtl.serving import bodies
from mtl.serving.gate import Gate, GateOptions
from mtl.serving.keys import Keys
from mtl.serving.limits import ServeLimits
from mtl.serving.metrics import Metrics
from tests.coroutines import run


async def _echo(scope, receive, send):
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    if body == b"fail":
        raise RuntimeError("only for me")
    await send({"type": "http.response.body", "body": body})


def _ask(parts, *, headers=(), app=_echo):
    """Status, body, and how many parts of the request were read."""
    metrics = Metrics(waiting=lambda: 0, queued=lambda: 0)
    limits = ServeLimits(body_mb=1e-5)
    gate = Gate(app, GateOptions(Keys(()), limits, metrics, frozenset({"/embed"})))
    sent, read = [], []

    async def receive():
        if len(read) == len(parts):
            await asyncio.Event().wait()
        read.append(parts[len(read)])
        return {"type": "http.request", "body": read[-1], "more_body": len(read) < len(parts)}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/embed", "headers": list(headers), "state": {}}
    run(gate(scope, receive, send))
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent), len(read)


def test_a_body_is_let_in_whole():
    assert _ask([b"ab", b"", b"cd"]) == (200, b"abcd", 3)


def test_a_body_that_waits_to_be_asked_for_and_says_it_is_too_large_is_not_read():
    status, body, read = _ask([b"x"], headers=[(b"content-length", b"11"), (b"expect", b"100-continue")])
    assert (status, read) == (413, 0) and json.loads(body)["detail"].startswith("A request of at most")


def test_what_comes_after_the_limit_is_dropped_up_to_another_one(monkeypatch):
    assert _ask([b"x" * 4] * 9)[::2] == (413, 9)
    monkeypatch.setattr(bodies, "_DROPPED", 8)
    assert _ask([b"x" * 4] * 9)[::2] == (413, 5)


def test_a_body_that_does_not_come_is_given_up(monkeypatch):
    monkeypatch.setattr(bodies, "_PATIENCE", 0.0)
    status, body, _ = _ask([])
    assert status == 408 and json.loads(body)["detail"]


def test_an_error_after_the_beginning_of_an_answer_ends_the_connection():
    with pytest.raises(RuntimeError):
        _ask([b"fail"])


def test_the_log_has_no_texts_and_no_addresses_that_somebody_made_up(caplog):
    caplog.set_level(logging.INFO, "polyhead.serve")
    _ask([b"secret"])
    (line,) = caplog.records
    assert line.getMessage() == "POST /embed" and set(line.fields) == {"status", "ms"}
