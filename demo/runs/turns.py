"""The thread that gives queued runs their turns, and watches those that live: their limits, and whether they stop."""

import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from threading import Lock, Thread

from demo.runs import queue
from demo.runs.exclusive import queue_lock
from demo.runs.info import TABLE, status_of
from demo.runs.limits import broken_limit
from demo.runs.process import Launched, launch
from demo.runs.quotas import RecentTurns
from demo.runs.run_store import BACKBONE, is_comparison, presets_of, top_folders
from demo.runs.stopping import Patience, Stopping, processes_of, request_stop
from demo.settings import Settings, Training
from mtl.errors import MtlError, RunError
from mtl.runs import RunFolder, RunState, Status, runs_root
from mtl.runs.folder import NO_ROOM
from mtl.runs.lock import take_lock

_log = logging.getLogger(__name__)
REQUEST = "request.yaml"


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds between two looks at the runs, and what a run has that was asked to stop."""

    between: float = 1.0
    patience: Patience = Patience()


class TurnGiver:
    """Starts queued runs up to the limit, while there is anything to start or to watch; with training off, it watches.

    Args:
        settings: the limits.
        command: the start of the command line of a run.
        pace: how often it looks.
    """

    def __init__(self, settings: Settings, command: Sequence[str], pace: Pace) -> None:
        self.settings = settings
        self._command, self._pace = tuple(command), pace
        self._children: list[Launched] = []
        self._lock = Lock()
        self._thread: Thread | None = None
        self._turns = RecentTurns()
        self._stopping = Stopping(pace.patience)
        self._trouble = ""
        self._root = runs_root()

    def give(self) -> bool:
        """Start what fits, and look at what lives; returns whether there is anything left to wait for."""
        with self._lock:
            still = self._turn_or_trouble()
            if not still:
                self._thread = None
            elif self._thread is None:
                thread = Thread(target=self._keep_giving, name="queue of runs", daemon=True)
                with suppress(RuntimeError):  # no room for a thread; the next call tries again
                    thread.start()
                    self._thread = thread
        return still

    def in_order(self) -> list[RunFolder]:
        """The queued runs in the order of their turns."""
        with self._lock:
            return self._turns.in_order(top_folders())

    def reap(self) -> None:
        """Forget children that have ended, so that the system can."""
        self._children = [child for child in self._children if child.poll() is None]

    def _keep_giving(self) -> None:
        time.sleep(self._pace.between)
        while self.give():
            time.sleep(self._pace.between)

    def _turn_or_trouble(self) -> bool:
        """A turn; whatever happens in it, a full disk included, there is another one: without it no run would start."""
        try:
            still = self._turn()
            self._trouble = ""
        except Exception as error:
            if repr(error) != self._trouble:
                self._trouble = repr(error)
                _log.exception("the queue of runs could not be served; it is tried again until it can be")
            still = True
        return still

    def _turn(self) -> bool:
        if runs_root() != self._root:  # the runs of another home are not this page's
            return False
        self.reap()
        folders = top_folders()
        live = [folder for folder in folders if is_live(folder)]
        self._watch(live)
        may_start = self.settings.training is not Training.OFF
        waiting = may_start and any(queue.is_waiting(folder) or queue.is_starting(folder) for folder in folders)
        if waiting:
            with queue_lock() as is_mine:
                waiting = not is_mine or self._start_what_fits(folders)
        return waiting or any(is_live(folder) for folder in folders)

    def _watch(self, live: list[RunFolder]) -> None:
        for folder in live:
            if not (folder.path / REQUEST).exists():  # it was started in a terminal
                continue
            try:
                self._keep_within_limits(folder)
            except Exception:  # the others are looked at, and waiting ones started, all the same
                _log.exception("the limits of the run %s could not be kept; it is tried again", folder.id)
        self._stopping.look(live)

    def _keep_within_limits(self, folder: RunFolder) -> None:
        broken = next(filter(None, (broken_limit(one, self.settings) for one in processes_of(folder))), None)
        if broken is None:
            return
        try:
            if not folder.stop_reason():
                request_stop(folder, broken[0])
        finally:
            if broken[1]:
                self._stopping.end_now(folder)

    def _start_what_fits(self, folders: list[RunFolder]) -> bool:
        """Start runs; returns whether any still wait."""
        for folder in folders:
            if queue.is_starting(folder):  # a page that was killed was about to start it
                (queue.done if folder.is_held() else queue.give_back)(folder)
        room = self.settings.max_live_runs - sum(is_live(folder) for folder in folders)
        waiting = self._turns.in_order(folders)
        left = 0
        for folder in waiting:
            if room <= 0 or not self._start(folder):
                left += queue.is_waiting(folder)
                continue
            room -= 1
        return left > 0

    def _start(self, folder: RunFolder) -> bool:
        """Start a run; False if it did not start, and either waits on or has failed."""
        try:
            lock = take_lock(folder.path, named=False)  # or another server would take this one for the trainer
        except RunError:  # its process before this one is about to end
            return False
        except OSError as error:
            if error.errno not in NO_ROOM:
                self._fail(folder, error)
            return False
        try:
            if not queue.begin(folder):
                lock.release()
                return False
            _mark_starting(folder)
            self._children.append(launch(self._command, arguments_of(folder), folder, lock, self.settings))
        except Exception as error:  # an error in one run does not stop the others
            with suppress(OSError):
                lock.release()
            if isinstance(error, OSError) and error.errno in NO_ROOM:
                queue.give_back(folder)
                return False
            self._fail(folder, error)
            return False
        queue.done(folder)
        self._turns.note(folder)
        return True

    def _fail(self, folder: RunFolder, error: Exception) -> None:
        _log.error("the run %s could not be started", folder.id, exc_info=error)
        known = isinstance(error, MtlError | OSError)
        reason = str(error) if known else f"{type(error).__name__}: {error}"
        now = time.time()
        try:
            status = folder.read_status()
        except RunError:
            status = Status(RunState.QUEUED, 0, 0.0, started=now, updated=now)
        message = f"the run could not be started: {reason}"
        with suppress(OSError):  # the folder cannot be written at all
            folder.write_status(replace(status, state=RunState.FAILED, updated=now, message=message))
        with suppress(OSError):
            queue.take(folder)
        queue.done(folder)


def _mark_starting(folder: RunFolder) -> None:
    """Before the process writes its own status; a resumed run keeps its own, or it would look as if it trained."""
    status = folder.read_status()
    if status.state is RunState.QUEUED and not is_comparison(folder) and not folder.recipe.is_file():
        folder.write_status(replace(status, state=RunState.STARTING))


def arguments_of(folder: RunFolder) -> tuple[str, ...]:
    """Arguments of `python -m mtl` that start or resume a run."""
    request = str(folder.path / REQUEST)
    if is_comparison(folder):
        return (
            "compare",
            request,
            *_compared(folder),
            "--json",
            str(folder.path / TABLE),
            "--run-dir",
            str(folder.path),
        )
    if folder.recipe.is_file():
        return ("train", "--resume", str(folder.path))
    return ("train", request, "--run-dir", str(folder.path))


def _compared(folder: RunFolder) -> tuple[str, ...]:
    presets = presets_of(folder)
    backbones = [preset.removeprefix(BACKBONE) for preset in presets if preset.startswith(BACKBONE)]
    others = ",".join(preset for preset in presets if not preset.startswith(BACKBONE))
    return (*(("--presets", others) if others else ()), *(f"--backbone={name}" for name in backbones))


def is_live(folder: RunFolder) -> bool:
    """Whether a process owns the run, or trains it without a lock, as before there were locks."""
    if folder.is_held():
        return True
    try:
        return status_of(folder).state.is_live
    except (RunError, OSError):
        return False
