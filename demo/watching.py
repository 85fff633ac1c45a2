"""What the page reads of a run folder at each look, and whether anything changed since the last one."""

from dataclasses import dataclass, replace
from pathlib import Path

from mtl.runs import Event, Failed, RunFolder, Started, Status, home

_LOG_LINES = 14


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One look at a run."""

    status: Status
    events: tuple[Event, ...]
    log: str
    stopping: bool
    has_checkpoint: bool
    tasks: tuple[str, ...]


def mark(folder: RunFolder) -> str:
    """A text that differs from the last one if and only if there is something new to see.

    Raises:
        RunError: there is no readable status.
    """
    files = (folder.status_file, folder.events_file, folder.log_file, folder.stop_file)
    return "|".join([folder.id, folder.read_status().state, *(_version(path) for path in files)])


def look(folder: RunFolder) -> Snapshot:
    """Read the run folder.

    Raises:
        RunError: there is no readable status, or an event is of another version.
    """
    status, events = folder.read_status(), tuple(_without_home(event) for event in folder.events())
    status = replace(status, message=_hidden(status.message))
    tasks = next((event.tasks for event in events if isinstance(event, Started)), ())
    has_checkpoint = not status.state.is_live and (folder.best / "config.json").is_file()
    return Snapshot(
        status, events, _hidden(folder.log_tail(_LOG_LINES)), folder.stop_requested(), has_checkpoint, tasks
    )


def _without_home(event: Event) -> Event:
    return replace(event, message=_hidden(event.message)) if isinstance(event, Failed) else event


def _hidden(text: str) -> str:
    """The text with paths below `$MTL_HOME` shortened: where the data lies is nobody's business in public."""
    return text.replace(f"{home()}/", "")


def _version(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return "-"
    return f"{found.st_mtime_ns}:{found.st_size}"
