"""The server of `mtl serve`, from its model to its first request."""

import gc

import pytest

from mtl.inference import Engine
from mtl.serving import server
from mtl.serving.server import ServeOptions, serve


def test_no_collection_goes_through_the_model(monkeypatch: pytest.MonkeyPatch, engine: Engine):
    """Each full one would hold up all requests."""
    traversed = []
    monkeypatch.setattr(server.Engine, "load", lambda *_, **__: engine)
    monkeypatch.setattr(server.logs, "set_up", lambda names: None)
    monkeypatch.setattr(server, "_run", lambda *_: traversed.extend(each is engine for each in gc.get_objects()))
    try:
        serve("tiny", ServeOptions("127.0.0.1", 0))
    finally:
        gc.unfreeze()
    assert traversed
    assert not any(traversed)
