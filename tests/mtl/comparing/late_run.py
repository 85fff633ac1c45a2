"""A process that stands for a run which takes long to end, and signals to the one that waits for it."""

import os
import signal
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from mtl.runs.processes import process_of
from tests.waiting import until

_ROOT = str(Path(__file__).parents[3])
_PROGRAM = """#!{python}
import os, pathlib, signal, sys, time
sys.path.insert(0, {root!r})
from mtl.runs.parent import end_with_parent
end_with_parent()  # as `python -m mtl` does
seen = pathlib.Path({seen!r})
def ask(*_):
    (seen / "asked").touch()
    {then}
signal.signal(signal.SIGTERM, ask)
(seen / "begun").write_text(str(os.getpid()))
time.sleep(600)
"""


class LateRun:
    """Takes the place of `python`; one that does not end when it is asked to has to be killed."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, *, ends_when_asked: bool) -> None:
        self._seen, program = folder / "seen", folder / "program"
        self._seen.mkdir()
        then = "sys.exit(0)" if ends_when_asked else "pass"
        program.write_text(_PROGRAM.format(python=sys.executable, root=_ROOT, seen=str(self._seen), then=then))
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))

    @contextmanager
    def signalled(self, number: signal.Signals, marks: Sequence[str]) -> Iterator[None]:
        """Send this process a signal when the run has begun, and another one when it was asked to end."""

        def send() -> None:
            for mark in marks:
                until((self._seen / mark).exists, mark)
                os.kill(os.getpid(), number)

        before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background of a shell
        try:
            with ThreadPoolExecutor(1) as thread:
                thread.submit(send)
                yield
        finally:
            signal.signal(signal.SIGINT, before)

    def must_begin(self) -> None:
        """Wait for its begin."""
        until((self._seen / "begun").exists, "the begin of the run")

    def must_have_ended(self, *, asked: bool = True) -> None:
        """Gone, and asked to end before or not."""
        assert (self._seen / "asked").exists() is asked
        pid = int((self._seen / "begun").read_text())
        until(lambda: not process_of(pid).is_alive, "the end of the run")
