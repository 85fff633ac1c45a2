"""A connection to Ray: a cluster of this machine that ends with the command, or one that runs already."""

import contextlib
import io
import logging
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import FrameType
from typing import Any, TextIO

import psutil

from mtl.cluster.options import ClusterOptions
from mtl.errors import ClusterError
from mtl.inference.backends.cores import usable_cores

_ROOT = Path(__file__).resolve().parents[2]
_MARK = "(raylet)"  # of what Ray prints
_CONNECT_SECONDS = 10.0
_END_SECONDS = 10.0  # in which the processes of a cluster end by themselves
_STORE_BYTES = 256 * 2**20  # of rows on their way to workers of this machine
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_IGNORE_UNHANDLED_ERRORS": "1",
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # what its processes have to say is in their files; what matters is raised
}
_HERE = "127.0.0.1"
_TOKEN = secrets.token_hex(32)  # for the clusters that this process starts: Ray remembers the first it was given
_ALONE = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # what makes Ray listen on 127.0.0.1, on any system
    "RAY_AUTH_MODE": "token",
}


def need_cluster(options: ClusterOptions) -> None:
    """Refuse what cannot work before anything is loaded for it.

    Raises:
        ClusterError: Ray is not installed, or nothing listens at the address.
    """
    if find_spec("ray") is None:
        raise ClusterError("ray was expected, it is not installed: pip install 'polyhead[ray]'", key="--engine ray")
    if options.address is not None and options.address != "auto":
        host, _, port = options.address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=_CONNECT_SECONDS).close()
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            place = f"--address {options.address}"
            raise ClusterError(f"a Ray cluster was expected there: {reason}", key=place) from error


@dataclass(slots=True)
class Cluster:
    """How many workers there are to be, and how many died so far."""

    workers: int = 0
    deaths: int = 0


@contextmanager
def connected(options: ClusterOptions) -> Iterator[Cluster]:
    """Ray within this block.

    A cluster that is started here listens on this machine alone, has no dashboard, reports nothing to anyone, and ends
    with the block.

    Raises:
        ClusterError: Ray is missing, there is no cluster at the address, or it has no room for the workers.
    """
    need_cluster(options)
    folder = tempfile.mkdtemp(prefix="polyhead-ray-")
    own = {}
    if options.address is None:
        path = os.pathsep.join([str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
        own = {**_ALONE, "RAY_AUTH_TOKEN": _TOKEN, "TMPDIR": folder, "PYTHONPATH": path}
    try:
        with _environment(_QUIET | own), warnings.catch_warnings():
            import_module("ray.data")
            ray = import_module("ray")
            warnings.filterwarnings("ignore", module=r"ray\.|mtl\.cluster\.")
            is_ours = not ray.is_initialized()  # else the program that called this one has begun it
            cluster = Cluster()
            with contextlib.redirect_stdout(_Notices(cluster, sys.stdout)):  # Ray prints as it ends, too
                try:
                    if is_ours:
                        _start(ray, options, folder)
                    cluster.workers = _workers(ray, options)
                    with _interruptible():
                        yield cluster
                finally:
                    if is_ours:
                        _stop(ray)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(ray: Any, options: ClusterOptions, folder: str) -> None:  # noqa: ANN401
    common: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL, "include_dashboard": False}
    if options.address is not None:
        del common["include_dashboard"]
    if options.address is not None:
        common["address"] = options.address
    else:
        cores = max(usable_cores(), (options.workers or 1) * options.cores)
        common |= {"address": "local", "num_cpus": cores, "object_store_memory": _STORE_BYTES, "_temp_dir": folder}
    try:
        with _silent():
            ray.init(**common)
        if options.address is None and ray.util.get_node_ip_address() != _HERE:
            raise RuntimeError(f"Ray was imported earlier, and so would listen on more than {_HERE}")
    except (ConnectionError, RuntimeError, ValueError, OSError, TimeoutError) as error:
        where = "a cluster could not be started here" if options.address is None else "no cluster could be joined"
        reason = " ".join(str(error).split())[:300]
        raise ClusterError(f"{where}: {reason}", key=options.address and f"--address {options.address}") from error


def _stop(ray: Any) -> None:  # noqa: ANN401
    """Leave the cluster; the processes of one that was started here have ended when this returns."""
    own = psutil.Process().children(recursive=True)
    ray.shutdown()
    for process in psutil.wait_procs([one for one in own if _is_of_ray(one)], timeout=_END_SECONDS)[1]:
        with contextlib.suppress(psutil.Error):
            process.kill()


def _is_of_ray(process: psutil.Process) -> bool:
    try:
        command = process.cmdline()
    except psutil.Error:
        return False
    return any("ray::" in part or f"{os.sep}ray{os.sep}" in part for part in command)


class _Notices(io.TextIOBase):
    """Standard output without what Ray prints on it, from any thread; the workers that died are counted."""

    def __init__(self, cluster: Cluster, output: TextIO) -> None:
        self._cluster = cluster
        self._output = output
        self._is_cut = False  # a line of Ray whose end is still to come

    def write(self, text: str) -> int:
        if _MARK in text:
            self._cluster.deaths += text.count("A worker died")
            self._is_cut = not text.endswith("\n")
        elif self._is_cut and text == "\n":
            self._is_cut = False
        else:
            self._output.write(text)
        return len(text)

    def flush(self) -> None:
        self._output.flush()


@contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM interrupts this block as Ctrl-C does, in the place of Ray's handler, which leaves processes behind.

    An interrupt that comes while Ray takes a lock ends in a RuntimeError about that lock; it is an interrupt too.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    interrupted = threading.Event()

    def interrupt(number: int, frame: FrameType | None) -> None:
        interrupted.set()
        signal.default_int_handler(number, frame)

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    except RuntimeError as error:
        if interrupted.is_set():
            raise KeyboardInterrupt from error
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


@contextmanager
def _silent() -> Iterator[None]:
    """Standard error leads nowhere in this block, so that Ray does not announce its settings; errors are raised."""
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def _workers(ray: Any, options: ClusterOptions) -> int:  # noqa: ANN401
    """As many as were asked for, else as many as there is room for."""
    there = ray.cluster_resources()
    cores, gpus = int(there.get("CPU", 0)), int(there.get("GPU", 0))
    room = min(cores // options.cores, int(gpus / options.gpus) if options.gpus else cores)
    wanted = options.workers or room
    if not wanted or wanted > room:
        each = f"{options.cores} cores" + (f" and {options.gpus:g} GPUs" if options.gpus else "")
        message = f"room for {wanted or 'a'} workers with {each} each was expected, the cluster has {cores} cores"
        raise ClusterError(f"{message} and {gpus} GPUs" if options.gpus else message)
    return wanted


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Variables that the processes of a cluster inherit."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
