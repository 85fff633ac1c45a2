"""The run folder: where a run's process writes and everybody else only reads."""

import errno
import json
import os
import re
import secrets
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path

import psutil
from pydantic import TypeAdapter

from mtl.errors import RunError
from mtl.folders import folder_size
from mtl.home import home
from mtl.jsonl import append_line
from mtl.runs import lock
from mtl.runs.events import Evaluated, Event, EventReader, Failed, Finished, Saved, to_json

NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
"""The numbers of the errors of a full disk."""
_RUN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,80}")


class RunState(StrEnum):
    """Where a run stands."""

    QUEUED = "queued"
    """It waits in the queue; there is no process yet."""
    STARTING = "starting"
    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"
    DIED = "died"
    UNREADABLE = "unreadable"
    """Its folder cannot be read; no run writes this."""

    @property
    def is_live(self) -> bool:
        """Whether the run's process should still be there."""
        return self in (RunState.STARTING, RunState.RUNNING)

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will come by itself."""
        return not self.is_live and self is not RunState.QUEUED


@dataclass(frozen=True, slots=True)
class Status:
    """The content of `status.json`; times are seconds since the epoch."""

    state: RunState
    pid: int
    pid_started: float
    started: float
    updated: float
    step: int = 0
    total_steps: int = 0
    first_step: int = 0
    """The step after which this process began: 0, or where it resumed."""
    training_began: float = 0.0
    """When this process was ready for its first step."""
    best_score: float | None = None
    best_step: int | None = None
    message: str = ""

    @property
    def seconds_left(self) -> float | None:
        """Expected seconds to the end at the pace so far, or None before the first step."""
        done = self.step - self.first_step
        if not self.state.is_live or done <= 0:
            return None
        return (self.updated - self.training_began) / done * (self.total_steps - self.step)


_STATUS = TypeAdapter(Status)
_FORCED = "it did not react to the request to stop and was ended; resuming goes on from the last state that was kept"


def runs_root() -> Path:
    """The folder that holds every run of this user."""
    return home() / "runs"


def new_run_id(name: str) -> str:
    """A run id that sorts by time, contains the name and cannot be guessed."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:32] or "run"
    return f"{time.strftime('%Y%m%d-%H%M%S')}-{slug}-{secrets.token_hex(4)}"


def replace_file(file: Path, text: str) -> None:
    """Write a file in one move, so that no reader sees half of it."""
    fresh = file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}")
    try:
        fresh.write_text(text, encoding="utf-8")
        fresh.replace(file)
    except OSError:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise


class RunFolder:
    """Paths, status and events of one run.

    Raises:
        RunError: the folder's name is not one that a run could have.
    """

    def __init__(self, path: Path) -> None:
        if not _RUN_ID.fullmatch(path.name):
            raise RunError(f"a run folder is named by letters, digits, dots and dashes, was {path.name!r}")
        self.path = path
        self.recipe = path / "recipe.yaml"
        self.status_file = path / "status.json"
        self.events_file = path / "events.jsonl"
        self.log_file = path / "log.txt"
        self.stop_file = path / "stop"
        self.best = path / "best"
        self.last = path / "last"
        self.resume = path / "resume"

    @property
    def id(self) -> str:
        """The folder's name."""
        return self.path.name

    def create(self) -> None:
        """Make the folder.

        Raises:
            RunError: it holds a run already, or cannot be written.
        """
        if self.events_file.exists():
            raise RunError("a new folder was expected, this one holds a run", path=self.path)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RunError(f"the run folder cannot be made: {error.strerror}", path=self.path) from error

    def write_status(self, status: Status) -> None:
        """Replace `status.json`; on a full disk it is written over in place, which takes no more room."""
        text = json.dumps(asdict(status))
        try:
            replace_file(self.status_file, text)
        except OSError as error:
            if error.errno not in NO_ROOM or not self.status_file.is_file():
                raise
            with self.status_file.open("r+b") as file:
                file.write(text.encode())
                file.truncate()

    def read_status(self) -> Status:
        """The last status written; a run whose process ended without writing its end is `died`.

        Raises:
            RunError: there is no readable status.
        """
        try:
            status = _STATUS.validate_json(self.status_file.read_bytes())
        except (OSError, ValueError) as error:
            raise RunError("a run folder with a readable status.json was expected", path=self.path) from error
        died = status.state.is_live and not self._has_process(status)
        reason = self.stop_reason() if died or status.state is RunState.STOPPED else None
        if reason:  # a limit ended it
            return replace(status, state=RunState.FAILED, message=reason)
        if died and reason is not None:
            return replace(status, state=RunState.STOPPED, message=_FORCED)
        if died:
            return replace(status, state=RunState.DIED, message="the process ended without finishing the run")
        return status

    def is_held(self) -> bool:
        """Whether a process owns the folder: it trains, or will as soon as it is loaded."""
        return bool(lock.is_held(self.path))

    def _has_process(self, status: Status) -> bool:
        is_held = lock.is_held(self.path)
        if is_held is None:  # a run from before the locks
            return process_is_alive(status.pid, status.pid_started)
        return is_held

    def append(self, event: Event) -> None:
        """Add one event to `events.jsonl`."""
        append_line(self.events_file, to_json(event))

    def events(self) -> list[Event]:
        """The events so far, as `EventReader.read`."""
        return EventReader(self.events_file).read()

    def drop_events_after(self, step: int, *, evaluated: int) -> None:
        """Forget what a run wrote after a step that it goes back to, and all that it wrote because it ended there.

        Args:
            step: of the state that it goes on from.
            evaluated: the step of the last evaluation that this state knows; a later one after `step` is made again.
        """
        kept, forgotten = [], -1
        for event in self.events():
            match event:
                case Failed() | Finished() | Saved(name="last"):
                    continue
                case Evaluated() if event.at_end or event.step == step > evaluated:
                    forgotten = event.step
                    continue
                case Saved() if event.step == forgotten:
                    continue
            if event.step <= step:
                kept.append(event)
        replace_file(self.events_file, "".join(to_json(event) + "\n" for event in kept))

    def log_tail(self, lines: int = 12) -> str:
        """The last lines that the process printed."""
        try:
            with self.log_file.open("rb") as file:
                file.seek(max(0, self.log_file.stat().st_size - 400 * lines))
                text = file.read().decode("utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def request_stop(self, reason: str = "") -> None:
        """Ask the run to end after its current step and keep its weights; with a reason the run has failed by it."""
        if reason:
            replace_file(self.stop_file, reason)
        else:
            self.stop_file.touch()

    def bytes_of(self, saved: Saved) -> int:
        """The size of a checkpoint: that of its folder, which grows after `saved`, or that event's where it is gone."""
        return folder_size(self.path / saved.name) or saved.size_bytes

    def stop_requested(self) -> bool:
        """Whether somebody asked the run to end."""
        return self.stop_file.exists()

    def stop_reason(self) -> str | None:
        """Why the run was asked to end, empty where somebody wanted it; None if it was not asked."""
        try:
            return self.stop_file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return None


def process_is_alive(pid: int, started: float) -> bool:
    """Whether the process with this id is still the one that started at this time, and no zombie.

    Only for runs from before the locks: after a step of the clock the answer is wrong.
    """
    try:
        process = psutil.Process(pid)
        return bool(abs(process.create_time() - started) < 2.0 and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
