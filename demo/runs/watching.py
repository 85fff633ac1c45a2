"""What the page reads of a run folder at each look, and whether anything changed since the last one."""

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Lock

from demo.runs import status_of
from demo.runs.process import resident_memory
from demo.runs.shown import shown
from mtl.runs import Event, Failed, RunFolder, Started, Status
from mtl.runs.events import from_json

_LOG_LINES = 14
_REMEMBERED = 128


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One look at a run; `memory` is what its process holds now, in bytes, or None without one."""

    status: Status
    events: tuple[Event, ...]
    log: str
    stopping: bool
    has_checkpoint: bool
    tasks: tuple[str, ...]
    memory: int | None = None


@dataclass(slots=True)
class _Read:
    file: int = -1
    position: int = 0
    events: list[Event] = field(default_factory=list)


class Watcher:
    """Looks at runs for everybody; the events of a run are read once, however many look and however often."""

    def __init__(self) -> None:
        self._reads: OrderedDict[Path, _Read] = OrderedDict()
        self._lock = Lock()

    def look(self, folder: RunFolder) -> Snapshot:
        """Read the run folder.

        Raises:
            RunError: there is no readable status, or an event is of another version.
        """
        status = status_of(folder)
        events = tuple(_without_home(event) for event in self.events(folder))
        status = replace(status, message=shown(status.message))
        return Snapshot(
            status,
            events,
            shown(folder.log_tail(_LOG_LINES)),
            folder.stop_requested(),
            status.state.has_ended and (folder.best / "config.json").is_file(),
            next((event.tasks for event in events if isinstance(event, Started)), ()),
            resident_memory(status.pid, status.pid_started) if status.state.is_live else None,
        )

    def events(self, folder: RunFolder) -> list[Event]:
        """All events so far.

        Raises:
            RunError: one is of another version.
        """
        try:
            found = folder.events_file.stat()
        except OSError:
            return []
        with self._lock:
            read = self._reads.setdefault(folder.path, _Read())
            self._reads.move_to_end(folder.path)
            while len(self._reads) > _REMEMBERED:
                self._reads.popitem(last=False)
            if read.file != found.st_ino or read.position > found.st_size:  # a resumed run writes a new file
                read.file, read.position, read.events = found.st_ino, 0, []
            with folder.events_file.open("rb") as file:
                file.seek(read.position)
                for line in file:
                    if not line.endswith(b"\n"):  # still being written
                        break
                    read.events.append(from_json(line.decode("utf-8")))
                    read.position += len(line)
            return list(read.events)


def mark(folder: RunFolder) -> str:
    """A text that differs from the last one if and only if there is something new to see.

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
