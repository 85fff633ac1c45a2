"""Processes that train together on this machine, over gloo; forked, so that they import nothing anew."""

import os
import pickle
import socket
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from accelerate import PartialState

from tests.mtl.processes import exit_code, start

Found = TypeVar("Found")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def launched(rank: int, size: int, port: int) -> dict[str, str]:
    """What a launcher puts into the environment of a process."""
    return {
        "RANK": str(rank),
        "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(size),
        "LOCAL_WORLD_SIZE": str(size),
        "MASTER_ADDR": "127.0.0.1",
        "MASTER_PORT": str(port),
        "GLOO_SOCKET_IFNAME": "lo",
        "ACCELERATE_USE_CPU": "true",
    }


def on_ranks(size: int, work: Callable[[], Found]) -> list[Found]:
    """What each of so many processes finds; all must end well."""
    found = ending_on_ranks(size, work)
    assert [code for code, _ in found] == [0] * size
    return [value for _, value in found]


def ending_on_ranks(size: int, work: Callable[[], Found]) -> list[tuple[int | None, Found | None]]:
    """The exit code of each process, and what it found if it came so far."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        files = [Path(folder) / str(rank) for rank in range(size)]
        children = [start(_child, launched(rank, size, port), work, file) for rank, file in enumerate(files)]
        codes = [exit_code(child) for child in children]
        return [(c, pickle.loads(f.read_bytes()) if f.exists() else None) for c, f in zip(codes, files, strict=True)]


def _child(environment: dict[str, str], work: Callable[[], object], file: Path) -> None:
    os.environ.update(environment)
    PartialState._reset_state()  # another test may have begun one alone
    file.write_bytes(pickle.dumps(work()))
