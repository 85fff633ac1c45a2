"""Starts, queues, stops, resumes and deletes runs; the hash of the owner's token is stored in each folder."""

import logging
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from threading import Lock, Thread

import yaml

from demo.runs import queue
from demo.runs.archive import zip_run
from demo.runs.info import TABLE, RunInfo, infos, name_of, status_of, write_name
from demo.runs.process import launch, launched_process
from demo.runs.recipe_text import as_yaml
from demo.runs.run_store import (
    is_comparison,
    is_owner,
    members,
    place_of,
    presets_of,
    top_folders,
    write_owner,
    write_presets,
)
from demo.settings import Settings, Training
from mtl.errors import MtlError, RunError
from mtl.recipe import Recipe
from mtl.runs import RunFolder, RunState, Status, new_run_id, runs_root

_log = logging.getLogger(__name__)
MTL_COMMAND = (sys.executable, "-m", "mtl")
_REQUEST = "request.yaml"
_SECONDS = 1.0


class RunManager:
    """Runs and comparisons below `$MTL_HOME/runs`.

    A run that cannot start immediately waits in a queue on disk. A thread starts queued runs while there are
    any; a restarted page continues with the queue on disk.
    """

    def __init__(self, settings: Settings, *, command: Sequence[str] = MTL_COMMAND) -> None:
        self._settings = settings
        self._command = tuple(command)
        self._children: list[subprocess.Popen[bytes]] = []
        self._lock = Lock()
        self._thread: Thread | None = None
        if settings.training is not Training.OFF:
            self._give_turns()

    def start(self, recipe: Recipe, *, owner: str) -> RunFolder:
        """Start or queue a run and return immediately; its process does not depend on this one.

        Raises:
            RunError: training is off, too many runs wait, or the folder cannot be made.
        """
        return self._begin(recipe, owner=owner, presets=())

    def compare(self, recipe: Recipe, presets: Sequence[str], *, owner: str) -> RunFolder:
        """Start a comparison of freezing presets on one recipe, as `start` does with a run.

        Raises:
            RunError: as `start`.
        """
        return self._begin(recipe, owner=owner, presets=tuple(presets))

    def runs(self, owner: str) -> list[RunInfo]:
        """This owner's runs, newest first, each comparison before its runs; on a page without owners, all runs."""
        self._reap()
        groups = [list(infos(folder)) for folder in top_folders() if self._may_see(folder, owner)]
        return [info for group in sorted(filter(None, groups), key=lambda group: -group[0].started) for info in group]

    def counts(self) -> tuple[int, int]:
        """The number of live and of waiting runs, of all owners."""
        folders = top_folders()
        return sum(map(_is_live, folders)), len(queue.in_order(folders))

    def get(self, run_id: str, owner: str) -> RunFolder:
        """The folder of a run of this owner.

        Raises:
            RunError: there is none; a stranger's run looks the same as no run.
        """
        folder = place_of(run_id)
        if not self._may_see(folder, owner):
            raise RunError("There is no such run.")
        return folder

    def began_from(self, run_id: str, owner: str) -> str:
        """The backbone or checkpoint that a run started from.

        Raises:
            RunError: as `get`; or the run has written no recipe yet.
        """
        try:
            recipe = yaml.safe_load(self.get(run_id, owner).recipe.read_text(encoding="utf-8"))
            return str(recipe["backbone"])
        except (OSError, yaml.YAMLError, KeyError, TypeError) as error:
            raise RunError("This run has written no recipe yet.") from error

    def waiting_before(self, run_id: str, owner: str) -> int | None:
        """The number of runs before this one in the queue; None if it is not queued.

        Raises:
            RunError: as `get`.
        """
        return queue.position(self.get(run_id, owner), top_folders())

    def stop(self, run_id: str, owner: str) -> None:
        """Ask a run to stop and keep its weights; a queued run leaves the queue.

        Raises:
            RunError: as `get`.
        """
        folder = self.get(run_id, owner)
        if queue.take(folder):
            message = "removed from the queue before it started"
            folder.write_status(replace(folder.read_status(), state=RunState.STOPPED, message=message))
            return
        folder.request_stop()
        if is_comparison(folder):
            for member in members(folder):
                if _is_live(member):
                    member.request_stop()

    def resume(self, run_id: str, owner: str) -> None:
        """Queue a run that was stopped, failed or died, to resume it.

        Raises:
            RunError: as `get`; the run is complete, still running, or part of a comparison.
        """
        folder = self.get(run_id, owner)
        if not can_resume(folder):
            raise RunError("Only a run that was stopped, failed or died can be resumed.")
        with self._lock:
            self._need_place()
            folder.stop_file.unlink(missing_ok=True)
            folder.write_status(replace(folder.read_status(), state=RunState.QUEUED, updated=time.time(), message=""))
            queue.put(folder)
        self._give_turns()

    def rename(self, run_id: str, owner: str, name: str) -> None:
        """Rename a run.

        Raises:
            RunError: as `get`; or the name is blank or too long.
        """
        write_name(self.get(run_id, owner), name)

    def delete(self, run_id: str, owner: str) -> None:
        """Delete a run with its checkpoints. This cannot be undone.

        Raises:
            RunError: as `get`; or the run is still running.
        """
        folder = self.get(run_id, owner)
        if status_of(folder).state.is_live:
            raise RunError(f"{name_of(folder)} is still running; stop it first.")
        queue.take(folder)
        shutil.rmtree(folder.path, ignore_errors=True)

    def archive(self, run_id: str, owner: str) -> Path:
        """A zip of a run to download.

        Raises:
            RunError: as `get`; or there is nothing to download yet.
        """
        return zip_run(self.get(run_id, owner))

    def _begin(self, recipe: Recipe, *, owner: str, presets: tuple[str, ...]) -> RunFolder:
        if self._settings.training is Training.OFF:
            raise RunError("Training is switched off on this page.")
        with self._lock:
            self._need_place()
            self._forget_oldest()
            name = "-".join(recipe.tasks)
            folder = RunFolder(runs_root() / new_run_id(f"compare-{name}" if presets else name))
            folder.create()
            write_owner(folder, owner)
            if presets:
                write_presets(folder, presets)
            (folder.path / _REQUEST).write_text(as_yaml(recipe), encoding="utf-8")
            now = time.time()
            folder.write_status(Status(RunState.QUEUED, 0, 0.0, started=now, updated=now))
            queue.put(folder)
        self._give_turns()
        return folder

    def _need_place(self) -> None:
        waiting = len(queue.in_order(top_folders()))
        if waiting >= self._settings.max_waiting_runs:
            raise RunError(f"{waiting} runs are already queued, which is the limit; try again later.")

    def _give_turns(self) -> bool:
        """Start queued runs up to the limit; returns whether any are still queued."""
        with self._lock:
            try:
                still = self._start_what_fits()
            except Exception:  # without this thread no queued run would ever start: try again
                _log.exception("the queue of runs could not be served")
                still = True
            if not still:
                self._thread = None
            elif self._thread is None:
                self._thread = Thread(target=self._keep_giving_turns, daemon=True)
                self._thread.start()
        return still

    def _start_what_fits(self) -> bool:
        self._reap()
        folders = top_folders()
        waiting = queue.in_order(folders)
        room = max(0, self._settings.max_live_runs - sum(_is_live(folder) for folder in folders))
        for folder in waiting[:room]:
            if not queue.take(folder):
                continue
            try:
                self._launch(folder)
            except Exception as error:  # an error in one run does not stop the others
                _log.exception("the run %s could not be started", folder.id)
                known = isinstance(error, MtlError | OSError)
                reason = str(error) if known else f"{type(error).__name__}: {error}"
                _write_failed(folder, f"the run could not be started: {reason}")
        return len(waiting) > room

    def _keep_giving_turns(self) -> None:
        time.sleep(_SECONDS)
        while self._give_turns():
            time.sleep(_SECONDS)

    def _launch(self, folder: RunFolder) -> None:
        self._children.append(launch([*self._command, *_arguments(folder)], folder))
        status = folder.read_status()
        begins = not is_comparison(folder) and not folder.recipe.is_file()
        if begins and status.state is RunState.QUEUED:  # a resumed run must not look as if it trained already
            process = launched_process(folder)
            folder.write_status(replace(status, state=RunState.STARTING, pid=process.pid, pid_started=process.started))

    def _forget_oldest(self) -> None:
        if self._settings.kept_runs is None:
            return
        ended = [(status.started, folder) for folder in top_folders() if (status := _ended(folder))]
        for _, folder in sorted(ended, key=lambda pair: -pair[0])[self._settings.kept_runs - 1 :]:
            shutil.rmtree(folder.path, ignore_errors=True)

    def _reap(self) -> None:
        self._children = [child for child in self._children if child.poll() is None]

    def _may_see(self, folder: RunFolder, owner: str) -> bool:
        return not self._settings.private_runs or is_owner(folder, owner)


def _arguments(folder: RunFolder) -> tuple[str, ...]:
    """Arguments of `python -m mtl` that start or resume a run."""
    request = str(folder.path / _REQUEST)
    if is_comparison(folder):
        presets = ("--presets", ",".join(presets_of(folder)))
        return ("compare", request, *presets, "--json", str(folder.path / TABLE), "--run-dir", str(folder.path))
    if folder.recipe.is_file():
        return ("train", "--resume", str(folder.path))
    return ("train", request, "--run-dir", str(folder.path))


def can_resume(folder: RunFolder) -> bool:
    """Whether `RunManager.resume` takes this run."""
    resumable = (RunState.STOPPED, RunState.FAILED, RunState.DIED)
    return folder.path.parent == runs_root() and status_of(folder).state in resumable


def _is_live(folder: RunFolder) -> bool:
    try:
        return status_of(folder).state.is_live
    except RunError:
        return False


def _write_failed(folder: RunFolder, message: str) -> None:
    now = time.time()
    try:
        status = folder.read_status()
    except RunError:
        status = Status(RunState.QUEUED, 0, 0.0, started=now, updated=now)
    with suppress(OSError):  # the folder cannot be written at all
        folder.write_status(replace(status, state=RunState.FAILED, updated=now, message=message))


def _ended(folder: RunFolder) -> Status | None:
    try:
        status = status_of(folder)
    except RunError:
        return None
    return status if status.state.has_ended else None
