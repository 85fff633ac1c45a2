"""Run a model's application with uvicorn until a signal ends it."""

import gc
import logging
import signal
import socket
from dataclasses import dataclass

import uvicorn

from mtl.inference import Engine
from mtl.serving import logs
from mtl.serving.app import build_app
from mtl.serving.hosts import EVERYWHERE, served_names
from mtl.serving.limits import ServeLimits
from mtl.serving.listening import listen
from mtl.serving.model import ServedModel
from mtl.serving.protocol import Protocol
from mtl.user_path import user_path

_log = logging.getLogger("polyhead.serve")
_MARGIN = 5
"""Seconds beyond the longest request until a server that ends gives up its last ones."""
_KEEP_ALIVE = 65
"""Seconds that a connection without a request stays open: longer than the pause of usual proxies."""


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """Where a server listens, how its model runs, who may ask, and what for."""

    host: str
    port: int
    precision: str = "auto"
    name: str | None = None
    """By which clients know the model; default: the last part of what it is loaded by."""
    keys: tuple[str, ...] = ()
    limits: ServeLimits = ServeLimits()
    allow_hosts: tuple[str, ...] = ()
    """Names by which clients reach it, beside those of this machine."""


def serve(checkpoint: str, options: ServeOptions) -> None:
    """Load a model and answer requests until SIGTERM or SIGINT; what runs then is answered before this returns.

    SIGTERM ends the process with status 0 while the model loads, too: as the first process of a container it has no
    handler that would.

    Raises:
        MtlError: the model cannot be loaded, or the port is taken.
    """
    with listen(options.host, options.port) as listener:
        signal.signal(signal.SIGTERM, _leave)
        engine = Engine.load(checkpoint, precision=options.precision)
        model = ServedModel(engine, options.name or _short(checkpoint), options.limits)
        logs.set_up(("polyhead", "mtl", logs.SERVER))
        _log.setLevel(logging.INFO)
        port = listener.getsockname()[1]
        fields = {"model": model.name, "host": options.host, "port": port, "backend": str(engine.choice.backend)}
        _log.info("ready", extra={"fields": fields})
        server = uvicorn.Server(_config(model, options))
        gc.collect()
        gc.freeze()  # all of this stays to the end: a collection that went through it would hold up every request
        _run(server, listener)
        _log.info("ended")


def _config(model: ServedModel, options: ServeOptions) -> uvicorn.Config:
    names = served_names(options.host, options.allow_hosts)
    return uvicorn.Config(
        build_app(model, keys=options.keys, names=names, any_address=options.host in EVERYWHERE),
        log_config=None,
        access_log=False,  # the gate logs
        http=Protocol,  # of h11: httptools sets no limit to the headers of a request
        server_header=False,
        ws="none",
        timeout_keep_alive=_KEEP_ALIVE,
        timeout_graceful_shutdown=int(model.limits.seconds) + _MARGIN,
    )


def _leave(*_: object) -> None:
    raise SystemExit(0)


def _run(server: uvicorn.Server, listener: socket.socket) -> None:
    # uvicorn raises the signal that ended it once more, for whoever handled it before: here nobody, and all is done.
    ends = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: None) for number in ends]
    try:
        server.run(sockets=[listener])
    finally:
        for number, handler in zip(ends, before, strict=True):
            signal.signal(number, handler)


def _short(checkpoint: str) -> str:
    """The name of a Hub id, or of a folder without its path."""
    path = user_path(checkpoint)
    return path.resolve().name if path.is_dir() else checkpoint
