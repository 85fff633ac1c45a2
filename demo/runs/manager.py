"""Starts, queues, stops, resumes and deletes runs, each for its owner and within the limits of the page."""

import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Lock

import yaml

from demo.runs import queue
from demo.runs.archive import zip_run
from demo.runs.commands import sweep_answers
from demo.runs.exclusive import holding_queue
from demo.runs.fork_server import MTL
from demo.runs.info import RunInfo, infos, name_of, status_of, write_name
from demo.runs.quotas import delete, delete_old, need_disk, need_place, remove, sweep
from demo.runs.recipe_limits import within_limits
from demo.runs.recipe_text import as_yaml
from demo.runs.run_store import place_of, top_folders, write_presets
from demo.runs.stopping import request_stop
from demo.runs.turns import REQUEST, Pace, TurnGiver, is_live
from demo.runs.visitors import HashedVisitor, hashed_visitor, is_owner, write_visitor
from demo.settings import Settings, Training
from mtl.errors import RunError
from mtl.recipe import Recipe
from mtl.runs import RunFolder, RunState, Status, new_run_id, runs_root
from mtl.runs.folder import replace_file

_PACE = Pace()


class RunManager:
    """Runs and comparisons below `$MTL_HOME/runs`.

    A run that cannot start immediately waits in a queue on disk. A thread starts queued runs while there are
    any; a restarted page continues with the queue on disk.
    """

    def __init__(self, settings: Settings, *, command: Sequence[str] = MTL, pace: Pace = _PACE) -> None:
        self._settings = settings
        self._lock = Lock()
        self._turns = TurnGiver(settings, command, pace)
        sweep_answers()
        sweep(runs_root())
        delete_old(top_folders(), settings)
        self._turns.give()

    def start(self, recipe: Recipe, *, owner: str, address: str = "") -> RunFolder:
        """Start or queue a run and return immediately; its process does not depend on this one.

        Args:
            recipe: what to do.
            owner: the token of the visitor.
            address: the network address of the visitor, empty if it is not known.

        Raises:
            RunError: training is off, the visitor has no token or no place left, or too many runs wait.
            RecipeError: the recipe costs more than this page allows.
            OSError: the folder cannot be written; then there is none.
        """
        return self._begin(recipe, hashed_visitor(owner, address), presets=())

    def compare(self, recipe: Recipe, presets: Sequence[str], *, owner: str, address: str = "") -> RunFolder:
        """Start a comparison of freezing presets on one recipe, as `start` does with a run.

        Raises:
            As `start`.
        """
        return self._begin(recipe, hashed_visitor(owner, address), presets=tuple(presets))

    def runs(self, owner: str) -> list[RunInfo]:
        """This owner's runs, newest first, each comparison before its runs; on a page without owners, all runs."""
        self._turns.reap()
        groups = [list(infos(folder)) for folder in top_folders() if self._may_see(folder, owner)]
        return [info for group in sorted(groups, key=lambda group: -group[0].started) for info in group]

    def counts(self) -> tuple[int, int]:
        """The number of live and of waiting runs, of all owners."""
        folders = top_folders()
        return sum(map(is_live, folders)), len(queue.in_order(folders))

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
        except (OSError, ValueError, yaml.YAMLError, KeyError, TypeError, RecursionError) as error:
            raise RunError("This run has written no recipe yet.") from error

    def waiting_before(self, run_id: str, owner: str) -> int | None:
        """The number of runs before this one in the queue; None if it is not queued.

        Raises:
            RunError: as `get`.
        """
        folder = self.get(run_id, owner)
        waiting = [other.id for other in self._turns.in_order()]
        return waiting.index(folder.id) if folder.id in waiting else None

    def stop(self, run_id: str, owner: str) -> None:
        """Ask a run to stop and keep its weights; a queued run leaves the queue.

        A run that does not stop by itself is ended after a while.

        Raises:
            RunError: as `get`.
        """
        folder = self.get(run_id, owner)
        if queue.take(folder):
            message = "removed from the queue before it started"
            folder.write_status(replace(folder.read_status(), state=RunState.STOPPED, message=message))
            return
        if is_live(folder):  # one that has ended keeps its end
            request_stop(folder)
        self._turns.give()

    def resume(self, run_id: str, owner: str, *, address: str = "") -> None:
        """Queue a run that was stopped, failed or died, to resume it.

        Raises:
            RunError: as `get`; training is off, no place is left, or the run is complete, still running, or part of a
                comparison.
            OSError: the folder cannot be written; then the run is as it was.
        """
        folder = self.get(run_id, owner)
        self._need_training()
        with self._lock, holding_queue():
            if not can_resume(folder):
                raise RunError("Only a run that was stopped, failed or died can be resumed.")
            folders, by = top_folders(), hashed_visitor(owner, address)
            need_place(folders, by, self._settings)
            need_disk(folders, by, self._settings)
            before = folder.read_status()
            folder.write_status(replace(before, state=RunState.QUEUED, updated=time.time(), message=""))
            try:
                queue.put(folder)
                folder.stop_file.unlink(missing_ok=True)
            except OSError:
                folder.write_status(before)
                raise
        self._turns.give()

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
        if _is_going_on(folder):
            raise RunError(f"{name_of(folder)} is still running; stop it first.")
        queue.take(folder)
        if not delete(folder):  # its process has written its end and is about to go
            remove(folder)

    def archive(self, run_id: str, owner: str) -> Path:
        """A zip of a run to download.

        Raises:
            RunError: as `get`; or there is nothing to download yet.
        """
        return zip_run(self.get(run_id, owner))

    def _begin(self, recipe: Recipe, by: HashedVisitor, *, presets: tuple[str, ...]) -> RunFolder:
        self._need_training()
        if self._settings.private_runs and not by.owner:
            raise RunError("A browser that keeps cookies was expected: without one, nobody could see or stop the run.")
        recipe = within_limits(recipe, self._settings, presets=len(presets))
        with self._lock, holding_queue():
            folders = top_folders()
            delete_old(folders, self._settings)
            need_place(folders, by, self._settings)
            need_disk(folders, by, self._settings)
            name = "-".join(recipe.tasks)
            folder = RunFolder(runs_root() / new_run_id(f"compare-{name}" if presets else name))
            try:
                _write(folder, recipe, by, presets=presets)
            except BaseException:  # a full disk leaves no half of a run
                shutil.rmtree(folder.path, ignore_errors=True)
                raise
        self._turns.give()
        return folder

    def _need_training(self) -> None:
        if self._settings.training is Training.OFF:
            raise RunError("Training is switched off on this page.")

    def _may_see(self, folder: RunFolder, owner: str) -> bool:
        return not self._settings.private_runs or is_owner(folder, owner)


def _write(folder: RunFolder, recipe: Recipe, by: HashedVisitor, *, presets: tuple[str, ...]) -> None:
    folder.create()
    write_visitor(folder, by)
    if presets:
        write_presets(folder, presets)
    replace_file(folder.path / REQUEST, as_yaml(recipe))
    now = time.time()
    folder.write_status(Status(RunState.QUEUED, 0, 0.0, started=now, updated=now))
    queue.put(folder)


def can_resume(folder: RunFolder) -> bool:
    """Whether `RunManager.resume` takes this run."""
    resumable = (RunState.STOPPED, RunState.FAILED, RunState.DIED)
    return folder.path.parent == runs_root() and status_of(folder).state in resumable


def _is_going_on(folder: RunFolder) -> bool:
    try:
        return status_of(folder).state.is_live
    except (RunError, OSError):
        return folder.is_held()
