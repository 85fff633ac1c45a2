"""`app.py` in a process of its own, nearly as a user starts it."""

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

from tests.homes import home_beside
from tests.waiting import CEILING, until

ROOT = Path(__file__).resolve().parents[2]


class Server:
    """A page that can be ended and started again on the same port and home."""

    def __init__(self, home: Path, *arguments: str, **environment: str) -> None:
        self.home, self.port, self._environment = home_beside(home), free_port(), environment
        self.url = f"http://127.0.0.1:{self.port}"
        self._command = [sys.executable, "-m", "tests.demo.app_among_equals", "--port", str(self.port), *arguments]
        self._log = home / "app.log"

    def start(self) -> None:
        """Start it and wait until it answers."""
        own = {"MTL_HOME": str(self.home), "GRADIO_ANALYTICS_ENABLED": "False", "NUMBA_DISABLE_JIT": "0"}
        with self._log.open("ab") as log:
            self._app = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env={**os.environ, **own, **self._environment},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            until(self._answers, "a page that answers")
        except BaseException:
            self._app.kill()
            raise

    def stop(self) -> None:
        """End it."""
        self._app.terminate()
        self._app.wait(CEILING)

    def kill(self) -> None:
        """End it as a crash would."""
        self._app.kill()
        self._app.wait(CEILING)

    def _answers(self) -> bool:
        assert self._app.poll() is None, f"the page did not start: {self._log.read_text()[-2000:]}"
        try:
            with urllib.request.urlopen(self.url, timeout=CEILING):
                return True
        except (urllib.error.URLError, OSError):
            return False


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
