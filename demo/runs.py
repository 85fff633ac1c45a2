"""The run manager: starts training as a process of its own, and knows whose run is whose. No gradio, no torch."""

import hashlib
import hmac
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

import psutil

from demo.recipe_text import as_yaml
from demo.settings import Settings, Training
from mtl.errors import RunError
from mtl.recipe import Recipe
from mtl.runs import RunFolder, RunState, Status, new_run_id, runs_root

_PROJECT = Path(__file__).resolve().parent.parent
_NICENESS = 5
_DATED = re.compile(r"\d{8}-\d{6}-(.+)-[0-9a-f]{8}")
TRAIN_COMMAND = (sys.executable, "-m", "mtl", "train")


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One line about a run; `started` in seconds since the epoch."""

    id: str
    state: RunState
    started: float
    has_checkpoint: bool

    @property
    def title(self) -> str:
        """The run's name and when it began, as people read it."""
        dated = _DATED.fullmatch(self.id)
        return f"{dated[1]} · {time.strftime('%d %b %H:%M', time.localtime(self.started))}" if dated else self.id


class RunManager:
    """Runs below `$MTL_HOME/runs`, each with the hash of its owner's token beside it."""

    def __init__(self, settings: Settings, *, command: Sequence[str] = TRAIN_COMMAND) -> None:
        self._settings = settings
        self._command = tuple(command)
        self._children: list[subprocess.Popen[bytes]] = []
        self._lock = Lock()

    def start(self, recipe: Recipe, *, owner: str) -> RunFolder:
        """Start a run and return at once; it goes on whatever becomes of this process.

        Raises:
            RunError: training is off, too many runs are live, or the folder cannot be made.
        """
        if self._settings.training is Training.OFF:
            raise RunError("Training is switched off on this page.")
        with self._lock:
            self._need_room()
            self._forget_oldest()
            folder = RunFolder(runs_root() / new_run_id("-".join(recipe.tasks)))
            folder.create()
            (folder.path / "owner").write_text(_hashed(owner), encoding="utf-8")
            request = folder.path / "request.yaml"
            request.write_text(as_yaml(recipe), encoding="utf-8")
            self._launch(folder, request)
        return folder

    def runs(self, owner: str) -> list[RunInfo]:
        """This owner's runs, newest first; every run where nothing is private."""
        self._children = [child for child in self._children if child.poll() is None]
        found = [info for folder in _folders() if self._may_see(folder, owner) for info in _info(folder)]
        return sorted(found, key=lambda info: -info.started)

    def get(self, run_id: str, owner: str) -> RunFolder:
        """The folder of a run of this owner.

        Raises:
            RunError: there is none; a stranger's run looks the same as no run.
        """
        folder = RunFolder(runs_root() / Path(run_id).name)
        if folder.path.name != run_id or not folder.path.is_dir() or not self._may_see(folder, owner):
            raise RunError("There is no such run.")
        return folder

    def stop(self, run_id: str, owner: str) -> None:
        """Ask a run to end and keep its weights.

        Raises:
            RunError: as `get`.
        """
        self.get(run_id, owner).request_stop()

    def _need_room(self) -> None:
        live = sum(1 for folder in _folders() for info in _info(folder) if info.state.is_live)
        if live >= self._settings.max_live_runs:
            limit = "one run" if self._settings.max_live_runs == 1 else f"{self._settings.max_live_runs} runs"
            raise RunError(f"Only {limit} at a time may train here; try again when it has ended.")

    def _forget_oldest(self) -> None:
        if self._settings.kept_runs is None:
            return
        ended = [(info.started, folder) for folder in _folders() for info in _info(folder) if not info.state.is_live]
        for _, folder in sorted(ended, key=lambda pair: -pair[0])[self._settings.kept_runs - 1 :]:
            shutil.rmtree(folder.path, ignore_errors=True)

    def _launch(self, folder: RunFolder, request: Path) -> None:
        with folder.log_file.open("wb") as log:
            child = subprocess.Popen(
                [*self._command, str(request), "--run-dir", str(folder.path)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=_PROJECT,
                start_new_session=True,
            )
        self._children.append(child)
        process = psutil.Process(child.pid)
        started = process.create_time()
        if os.name == "posix":
            process.nice(_NICENESS)
        if not folder.status_file.exists():
            folder.write_status(Status(RunState.STARTING, child.pid, started, started, started))

    def _may_see(self, folder: RunFolder, owner: str) -> bool:
        if not self._settings.private_runs:
            return True
        try:
            recorded = (folder.path / "owner").read_text(encoding="utf-8")
        except OSError:
            return False
        return bool(owner) and hmac.compare_digest(recorded, _hashed(owner))


def _hashed(owner: str) -> str:
    return hashlib.sha256(owner.encode("utf-8", errors="replace")).hexdigest()


def _folders() -> list[RunFolder]:
    root = runs_root()
    paths = [path for path in root.iterdir() if path.is_dir()] if root.is_dir() else []
    return [folder for path in paths for folder in _readable(path)]


def _readable(path: Path) -> list[RunFolder]:
    try:
        return [RunFolder(path)]
    except RunError:
        return []


def _info(folder: RunFolder) -> list[RunInfo]:
    try:
        status = folder.read_status()
    except RunError:
        return []
    has_checkpoint = not status.state.is_live and (folder.best / "config.json").is_file()
    return [RunInfo(folder.id, status.state, status.started, has_checkpoint)]
