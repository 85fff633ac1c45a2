"""Commands of `mtl` whose result the page waits for: each runs in a separate process and writes a JSON file."""

import json
import secrets
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from demo.runs.shown import PROJECT, shown
from mtl.errors import RunError
from mtl.runs import home

_MTL = (sys.executable, "-m", "mtl")
_LAST_LINES = 4000  # bytes of its output that are searched for an error


class Command:
    """One call of `python -m mtl NAME … --json FILE`, started immediately.

    Args:
        arguments: the command's name and arguments, without `--json`.
        program: the start of the command line, before the arguments.
    """

    def __init__(self, arguments: Sequence[str], *, program: Sequence[str] = _MTL) -> None:
        self._arguments = tuple(arguments)
        folder = home() / "answers"
        folder.mkdir(parents=True, exist_ok=True)
        self._answer = folder / f"{secrets.token_hex(12)}.json"
        self._said = self._answer.with_suffix(".txt")
        self._cancelled = False
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(
                [*program, *arguments, "--json", str(self._answer)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                cwd=PROJECT,
            )

    def cancel(self) -> None:
        """Cancel the command; `answer` then returns None."""
        self._cancelled = True
        with suppress(ProcessLookupError):
            self._process.kill()

    def answer(self, *, seconds: float) -> Any:  # noqa: ANN401
        """The result, when the command has ended; None if it was cancelled.

        Raises:
            RunError: the command failed (with its message), or exceeded the time limit.
        """
        try:
            status = self._process.wait(seconds)
            if self._cancelled:
                return None
            if status:
                raise RunError(self._complaint())
            return json.loads(self._answer.read_text(encoding="utf-8"))
        except subprocess.TimeoutExpired as error:
            self._process.kill()
            self._process.wait()
            raise RunError(f"This took longer than {seconds / 60:.0f} minutes and was ended.") from error
        finally:
            self._answer.unlink(missing_ok=True)
            self._said.unlink(missing_ok=True)

    def _complaint(self) -> str:
        said = self._said.read_bytes()[-_LAST_LINES:].decode("utf-8", errors="replace").strip()
        last = said.rpartition("\n")[2].removeprefix("error: ")
        for argument in self._arguments:
            path = Path(argument.rpartition("=")[2])
            last = last.replace(str(path), path.name) if path.is_absolute() else last
        return shown(last) or f"The command ended with status {self._process.returncode}."
