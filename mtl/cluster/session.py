"""A connection to Ray: a cluster of this machine that ends with the command, or one that runs already."""

import logging
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from mtl.cluster.options import ClusterOptions
from mtl.errors import ClusterError
from mtl.inference.backends.cores import usable_cores

_HERE = "127.0.0.1"
_CONNECT_SECONDS = 10.0
_STORE_BYTES = 256 * 2**20  # of rows on their way to workers of this machine
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
}
_ALONE = {
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # what makes Ray listen on 127.0.0.1, on any system
    "RAY_AUTH_MODE": "token",
}


def library() -> Any:  # noqa: ANN401
    """Ray, with its data sets.

    Raises:
        ClusterError: it is not installed.
    """
    try:
        import_module("ray.data")
    except ImportError as error:
        raise ClusterError("--engine ray needs ray: pip install 'polyhead[ray]'") from error
    return import_module("ray")


@contextmanager
def connected(options: ClusterOptions) -> Iterator[int]:
    """Ray within this block, and how many workers there are to be.

    A cluster that is started here listens on this machine alone, has no dashboard, reports nothing to anyone, and ends
    with the block.

    Raises:
        ClusterError: Ray is missing, there is no cluster at the address, or it has no room for the workers.
    """
    if options.address is not None:
        _need_listener(options.address)
    folder = tempfile.mkdtemp(prefix="polyhead-ray-")
    own = {**_ALONE, "RAY_AUTH_TOKEN": secrets.token_hex(32), "TMPDIR": folder} if options.address is None else {}
    try:
        with _environment(_QUIET | own):
            ray = library()
            if ray.is_initialized():  # by the program that called this one
                yield _workers(ray, options)
                return
            try:
                _start(ray, options, folder)
                yield _workers(ray, options)
            finally:
                ray.shutdown()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(ray: Any, options: ClusterOptions, folder: str) -> None:  # noqa: ANN401
    logging.getLogger("ray").setLevel(logging.ERROR)
    common = {"log_to_driver": False, "logging_level": logging.ERROR, "include_dashboard": False}
    if options.address is not None:
        del common["include_dashboard"]
    try:
        if options.address is not None:
            ray.init(address=options.address, **common)
            return
        ray.init(
            address="local",
            num_cpus=max(usable_cores(), (options.workers or 1) * options.cores),
            object_store_memory=_STORE_BYTES,
            _node_ip_address=_HERE,
            _temp_dir=folder,
            **common,
        )
    except (ConnectionError, RuntimeError, ValueError, OSError, TimeoutError) as error:
        where = "a cluster could not be started here" if options.address is None else "no cluster could be joined"
        reason = " ".join(str(error).split())[:300]
        raise ClusterError(f"{where}: {reason}", key=options.address and f"--address {options.address}") from error


def _need_listener(address: str) -> None:
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=_CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ClusterError(f"a Ray cluster was expected there: {reason}", key=f"--address {address}") from error


def _workers(ray: Any, options: ClusterOptions) -> int:  # noqa: ANN401
    """As many as were asked for, else as many as there is room for."""
    there = ray.cluster_resources()
    cores, gpus = int(there.get("CPU", 0)), int(there.get("GPU", 0))
    room = min(cores // options.cores, gpus // options.gpus if options.gpus else cores)
    wanted = options.workers or room
    if not wanted or wanted > room:
        each = f"{options.cores} cores" + (f" and {options.gpus} GPUs" if options.gpus else "")
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
