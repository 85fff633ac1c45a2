"""Servers under test: a public page with a home of its own, or a Space as Hugging Face would host it."""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil
from visitors import PageMap, Visitor

ROOT = Path(__file__).resolve().parents[1]
SPACE_MEMORY = 16_000_000  # kilobytes of addresses, for `ulimit -v`
SPACE = {"SPACE_ID": "someone/polyhead", "SPACE_HOST": "someone-polyhead.hf.space", "SYSTEM": "spaces"}
READ_ONLY = (
    'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && ! touch "$0/written" 2>/dev/null && cd "$0" && '
    f'ulimit -v {SPACE_MEMORY} && exec "$@"'
)


@dataclass(frozen=True)
class Load:
    """A server under test and what its clients know of it."""

    server: psutil.Process
    port: int
    page: PageMap
    home: Path
    seconds: float


@contextmanager
def serving(*, space: bool = False) -> Iterator[tuple[psutil.Process, int, Path]]:
    """A server of its own, reached by this machine only, with the limits of a public page.

    Args:
        space: with the environment of a Space, 16 GB of addresses and a checkout that cannot be written. This mounts
            it read-only in a namespace of its own, which needs the rights of root or of a user namespace.
    """
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        own = {"MTL_HOME": folder, "GRADIO_ANALYTICS_ENABLED": "False", **(SPACE if space else {})}
        command = [sys.executable, "app.py", "--port", str(port), *([] if space else ["--public"])]
        if space:
            root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
            command = ["unshare", *root, "--mount", "sh", "-c", READ_ONLY, str(ROOT), *command, "--host", "127.0.0.1"]
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **own}, stdout=subprocess.DEVNULL)
        try:
            asyncio.run(answers(process, port))
            yield psutil.Process(process.pid), port, Path(folder)
        finally:
            process.terminate()
            process.wait()


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def answers(process: subprocess.Popen[bytes], port: int) -> None:
    """Wait for a server.

    Raises:
        RuntimeError: it ended.
    """
    while process.poll() is None:
        try:
            await Visitor(port).ask("GET", "/healthz")
            return
        except OSError:
            await asyncio.sleep(0.2)
    raise RuntimeError(f"the server ended with status {process.returncode}")
