"""What the page reads from a run folder, and whether it has changed since the last time."""

from collections import OrderedDict
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock

from demo.runs import status_of
from demo.runs.process import run_memory
from demo.runs.shown import shown
from mtl.runs import Event, Failed, RunFolder, Started, Status
from mtl.runs.events import EventReader

_LOG_LINES = 14
_REMEMBERED = 128


@dataclass(frozen=True, slots=True)
class RunSnapshot:
    """The state of a run; `memory` is the memory of its process in bytes, or None without a process."""

    status: Status
    events: tuple[Event, ...]
    log: str
    stopping: bool
    has_checkpoint: bool
    tasks: tuple[str, ...]
    memory: int | None = None


class Watcher:
    """Reads runs for all visitors; each event of a run is read only once."""

    def __init__(self) -> None:
        self._readers: OrderedDict[Path, EventReader] = OrderedDict()
        self._lock = Lock()

    def look(self, folder: RunFolder) -> RunSnapshot:
        """Read the run folder.

        Raises:
            RunError: there is no readable status, or an event is of another version.
        """
        status = status_of(folder)
        events = tuple(_without_home(event) for event in self.events(folder))
        status = replace(status, message=shown(status.message))
        return RunSnapshot(
            status,
            events,
            shown(folder.log_tail(_LOG_LINES)),
            folder.stop_requested(),
            status.state.has_ended and (folder.best / "config.json").is_file(),
            next((event.tasks for event in events if isinstance(event, Started)), ()),
            run_memory(folder, status) if status.state.is_live else None,
        )

    def events(self, folder: RunFolder) -> list[Event]:
        """All events so far.

        Raises:
            RunError: one is of another version.
        """
        with self._lock:
            reader = self._readers.setdefault(folder.path, EventReader(folder.events_file))
            self._readers.move_to_end(folder.path)
            while len(self._readers) > _REMEMBERED:
                self._readers.popitem(last=False)
            return reader.read()


def mark(folder: RunFolder) -> str:
    """A text that changes if and only if the run has changed.

    Raises:
        RunError: there is no readable status.
    """
    files = (folder.status_file, folder.events_file, folder.log_file, folder.stop_file)
    return "|".join([folder.id, status_of(folder).state, *(_version(path) for path in files)])


def _without_home(event: Event) -> Event:
    return replace(event, message=shown(event.message)) if isinstance(event, Failed) else event


def _version(path: Path) -> str:
    try:
        found = path.stat()
    except OSError:
        return "-"
    return f"{found.st_mtime_ns}:{found.st_size}"
