"""Commands of `mtl` whose result the page waits for: each runs in a separate process and writes a JSON file."""

import json
import os
import shutil
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from secrets import token_hex
from typing import Any

from demo.forking import CannotFork
from demo.runs.command_process import CommandProcess, ForkedProcess, OwnProcess
from demo.runs.fork_server import MTL
from demo.runs.limits import broken_limit
from demo.runs.shown import shown
from demo.settings import Settings
from mtl.errors import RunError
from mtl.runs import home
from mtl.runs.processes import Process, own_process, process_of

_LAST_LINES = 4000  # bytes of its output that are searched for an error
_LOOK_EVERY = 0.5  # seconds between two looks at its memory


class Work(StrEnum):
    """What a command does; all but the first run at a low priority."""

    WAITS = "waits"
    """For the network."""
    COMPUTES = "computes"
    TORCH = "torch"
    """It computes with torch, and begins in a child that has it in memory where the system can do that."""


class Command:
    """One call of `python -m mtl NAME … --json FILE`, started immediately; it ends with this process.

    Args:
        arguments: the command's name and arguments, without `--json`.
        program: the start of the command line, before the arguments.
        settings: the limit of its memory; None sets none.
        secrets: variables of its environment that nothing may repeat. A command line is seen by everybody on this
            machine and a file stays; an environment is seen by this user alone, and ends with the process.
        work: what it does.
    """

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        program: Sequence[str] = MTL,
        settings: Settings | None = None,
        secrets: Mapping[str, str] | None = None,
        work: Work = Work.COMPUTES,
    ) -> None:
        self._arguments, self._settings = tuple(arguments), settings
        self._secrets = tuple((secrets or {}).values())
        self._answer = answers_folder() / f"{token_hex(12)}.json"
        self._said = self._answer.with_suffix(".txt")
        self._line = (*arguments, "--json", str(self._answer))
        self._environment = {**os.environ, **(secrets or {})}
        self._program, self._work = program, work
        self._cancelled = False
        self.status: int | None = None
        """With which it has ended: 1 where it says what is wrong, below 0 where a signal ended it."""
        try:
            self._process: CommandProcess = self._started()
        except BaseException:
            self._remove_files()
            raise

    def cancel(self) -> None:
        """Cancel the command; `answer` then returns None."""
        self._cancelled = True
        self._process.kill()

    def answer(self, *, seconds: float) -> Any:  # noqa: ANN401
        """The result, when the command has ended; None if it was cancelled.

        Raises:
            RunError: the command failed (with its message), or exceeded the time limit or the memory of this page.
        """
        watching = self.watch(seconds=seconds)
        while True:
            try:
                next(watching)
            except StopIteration as end:
                return end.value

    def watch(self, *, seconds: float) -> Generator[str, None, Any]:
        """Yield the last line that the command printed at every look, and return as `answer` does.

        Where the caller stops before the end, the command is ended too.

        Raises:
            RunError: as `answer`.
        """
        try:
            self.status = status = yield from self._wait(seconds)
            if self._cancelled:
                return None
            if status:
                raise RunError(self._complaint(status))
            return json.loads(self._answer.read_text(encoding="utf-8"))
        finally:
            self._process.close()
            self._remove_files()

    def _wait(self, seconds: float) -> Generator[str, None, int]:
        end = time.monotonic() + seconds
        process = None
        while not self._cancelled:
            try:
                return self._process.wait(max(0.0, min(_LOOK_EVERY, end - time.monotonic())))
            except CannotFork:
                self._process.close()
                self._process = self._own()
            except TimeoutError as error:
                if process is None and self._process.pid is not None:
                    process = process_of(self._process.pid)
                problem = self._over_memory(process) if process is not None else ""
                if time.monotonic() >= end:
                    problem = f"This took longer than {seconds / 60:.0f} minutes and was ended."
                if problem:
                    raise RunError(problem) from error
            yield self._last_line()
        return 0

    def _started(self) -> CommandProcess:
        if self._work is Work.TORCH:
            with suppress(CannotFork):
                return self._forked()
        return self._own()

    def _remove_files(self) -> None:
        """The answer may be half written, beside its place, where the command was killed."""
        for file in (self._answer, self._said, *self._answer.parent.glob(f".{self._answer.name}*")):
            file.unlink(missing_ok=True)

    def _forked(self) -> ForkedProcess:
        return ForkedProcess(self._line, environment=self._environment, said=self._said, settings=self._settings)

    def _own(self) -> OwnProcess:
        command, computes = (*self._program, *self._line), self._work is not Work.WAITS
        return OwnProcess(
            command, environment=self._environment, said=self._said, settings=self._settings, computes=computes
        )

    def _over_memory(self, process: Process) -> str:
        broken = broken_limit(process, self._settings) if self._settings is not None else None
        return broken[0].replace("This run", "This", 1) if broken is not None and broken[1] else ""

    def _complaint(self, status: int) -> str:
        errors = [line for line in self._end_of_output().splitlines() if line.startswith("error: ")]
        last = (errors[-1] if errors else self._last_line()).removeprefix("error: ")  # a bar may be drawn after it
        if "MemoryError" in last or "can't allocate memory" in self._end_of_output():
            return "This needed more memory than a run may have on this page."
        for argument in self._arguments:
            path = Path(argument.rpartition("=")[2])
            last = last.replace(str(path), path.name) if path.is_absolute() else last
        if not last and status < 0:
            return "This was ended by the system, or by somebody on this machine. Try again."
        return shown(last) or f"The command ended with status {status}."

    def _last_line(self) -> str:
        return self._end_of_output().rpartition("\n")[2]

    def _end_of_output(self) -> str:
        said = self._said.read_bytes()[-_LAST_LINES:].decode("utf-8", errors="replace").strip()
        for secret in self._secrets:
            said = said.replace(secret, "…")
        return said


def answers_folder() -> Path:
    """Where this process and its commands leave files for each other; named by this process."""
    own = own_process()
    folder = home() / "answers" / f"{own.pid}-{own.started:.0f}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def sweep_answers() -> None:
    """Delete the files that servers which have ended left to their commands."""
    folder = home() / "answers"
    if not folder.is_dir():
        return
    for place in folder.iterdir():
        pid, _, started = place.name.partition("-")
        is_live = pid.isdecimal() and started.isdecimal() and Process(int(pid), float(started)).is_alive
        if is_live:
            continue
        if place.is_dir():
            shutil.rmtree(place, ignore_errors=True)
        else:
            place.unlink(missing_ok=True)
