"""The line that the page shows about a run, and the run's status."""

import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from demo.runs import queue
from demo.runs.run_store import id_of, is_comparison, members, presets_of
from mtl.errors import RunError
from mtl.runs import RunFolder, RunState, Status
from mtl.runs.folder import replace_file

TABLE = "table.json"
_NAME = "name"
_LONGEST_NAME = 60  # characters
_DATED = re.compile(r"\d{8}-\d{6}-(.+)-[0-9a-f]{8}")


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One line about a run; `started` in seconds since the epoch."""

    id: str
    state: RunState
    started: float
    has_checkpoint: bool
    name: str = ""
    """The name given by a user, otherwise the initial name."""
    is_comparison: bool = False

    @property
    def title(self) -> str:
        """The run's name and start time, readable."""
        return f"{self.name or self.id} · {time.strftime('%d %b %H:%M', time.localtime(self.started))}"

    @property
    def comparison(self) -> str | None:
        """The id of the comparison that the run belongs to."""
        above, slash, _ = self.id.partition("/")
        return above if slash else None


def infos(folder: RunFolder) -> Iterator[RunInfo]:
    """A run, or a comparison followed by its runs; one that cannot be read is listed as unreadable."""
    yield _info(folder)
    if is_comparison(folder):
        for member in members(folder):
            yield _info(member)


def status_of(folder: RunFolder) -> Status:
    """The status of a run, also before the run writes its first status.

    Raises:
        RunError: there is no readable status.
    """
    status = folder.read_status()
    if is_comparison(folder):
        try:
            return _of_comparison(folder, status)
        except (OSError, ValueError) as error:  # deleted in the meantime, or damaged
            raise RunError("a comparison was expected, its folder cannot be read", path=folder.path) from error
    if status.state is not RunState.QUEUED or queue.is_waiting(folder):
        return status
    if queue.is_starting(folder) or folder.is_held():
        return replace(status, state=RunState.STARTING)
    if folder.stop_requested():
        return replace(status, state=RunState.STOPPED, message="it was stopped before the run began")
    return replace(status, state=RunState.DIED, message="the process ended before the run began")


def name_of(folder: RunFolder) -> str:
    """The name of a run."""
    try:
        return (folder.path / _NAME).read_text(encoding="utf-8", errors="replace")[:_LONGEST_NAME]
    except OSError:
        dated = _DATED.fullmatch(folder.id)
        return dated[1] if dated else folder.id


def write_name(folder: RunFolder, name: str) -> None:
    """Rename a run; its folder keeps its name.

    Raises:
        RunError: the name is blank or too long.
    """
    name = " ".join(name.split())
    if not 0 < len(name) <= _LONGEST_NAME:
        raise RunError(f"A name of 1 to {_LONGEST_NAME} characters was expected, was one of {len(name)}.")
    replace_file(folder.path / _NAME, name.encode("utf-8", errors="replace").decode("utf-8"))


def _info(folder: RunFolder) -> RunInfo:
    try:
        status = status_of(folder)
        has_checkpoint = status.state.has_ended and (folder.best / "config.json").is_file()
        return RunInfo(
            id_of(folder), status.state, status.started, has_checkpoint, name_of(folder), is_comparison(folder)
        )
    except (RunError, OSError):
        return RunInfo(id_of(folder), RunState.UNREADABLE, _changed(folder), False, name_of(folder))


def _changed(folder: RunFolder) -> float:
    try:
        return folder.path.stat().st_mtime
    except OSError:
        return 0.0


def _of_comparison(folder: RunFolder, status: Status) -> Status:
    """A comparison writes no status: it is live while its process is, and its steps are its runs."""
    begun = []
    for member in members(folder):
        with suppress(RunError):  # a damaged run does not hide the others
            begun.append(member.read_status().state)
    done = sum(state is RunState.FINISHED for state in begun)
    status = replace(status, step=done, first_step=done, total_steps=len(presets_of(folder)))
    if queue.is_waiting(folder):
        return status
    if queue.is_starting(folder) or folder.is_held():
        return replace(status, state=RunState.RUNNING)
    is_broken = folder.stop_reason() is not None or folder.log_tail(1).startswith("error: ")
    if (folder.path / TABLE).is_file() and (done >= status.total_steps or not is_broken):
        return replace(status, state=RunState.FINISHED)
    if reason := folder.stop_reason():
        return replace(status, state=RunState.FAILED, message=reason)
    if RunState.STOPPED in begun or folder.stop_requested():
        return replace(status, state=RunState.STOPPED)
    return replace(status, state=RunState.FAILED, message=folder.log_tail(1).removeprefix("error: "))
