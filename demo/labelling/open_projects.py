"""The projects that are open: each once for all its visitors, the least recently used one closed first."""

import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock, Thread
from typing import cast

from demo.answers.passes import Model
from mtl.errors import RunError
from mtl.inference.engine import Engine
from mtl.labelling import LabellingSession, Project, open_project

Open = Callable[[Path, Engine, Callable[[int, int], None]], LabellingSession]


@dataclass(eq=False)
class Opening:
    """A project that is being opened with a model, or is open: windows `done` of `total`, begun at `started`.

    `before` is its session with an earlier model, with which work goes on meanwhile; openings with one session take
    turns by its lock.
    """

    model: Model
    before: LabellingSession | None = None
    turn: Lock = field(default_factory=Lock)
    future: Future[LabellingSession] = field(default_factory=Future)
    started: float = field(default_factory=time.perf_counter)
    done: int = 0
    total: int = 0

    def tell(self, done: int, total: int) -> None:
        """Note how far it is."""
        self.done, self.total = done, total


class _Replaced(Exception):
    """The project is to have yet another model."""


def _open(folder: Path, engine: Engine, progress: Callable[[int, int], None]) -> LabellingSession:
    project: Project = open_project(folder)
    return LabellingSession.open(project, engine, progress=progress)


class OpenProjects:
    """Sessions by the folder of their project.

    Args:
        most: how many stay in memory.
        open_one: opens the project in a folder.
    """

    def __init__(self, most: int, open_one: Open = _open) -> None:
        self._most, self._open_one = most, open_one
        self._lock = Lock()
        self._openings: OrderedDict[Path, Opening] = OrderedDict()

    def begin(self, folder: Path, model: Model) -> Opening:
        """Open a project with a model, or go on with it; returns at once, the work is done in a thread.

        Of several models for an open project the one asked for last counts: the others end with the session as it is.
        """
        with self._lock:
            found = self._openings.get(folder)
            if found is not None and found.model is model and not _failed(found):
                self._openings.move_to_end(folder)
                return found
            before = None if found is None else _session_in(found)
            opening = Opening(model) if found is None or before is None else Opening(model, before, found.turn)
            self._openings[folder] = opening
            self._openings.move_to_end(folder)
            while len(self._openings) > self._most:
                self._openings.popitem(last=False)
        try:
            Thread(target=self._fill, args=(folder, opening), daemon=True).start()
        except RuntimeError:  # the system has no room for a thread
            opening.future.set_exception(RunError("This server has no room to open a project now; try again later."))
        return opening

    def uses(self, folder: Path, model: Model) -> bool:
        """Whether a project is open, or being opened, with this model."""
        with self._lock:
            found = self._openings.get(folder)
        return found is not None and found.model is model and not _failed(found)

    def session(self, folder: Path, load: Callable[[], Model]) -> LabellingSession:
        """The session of a project, opened first if it is not; `load` gives the model for that.

        Raises:
            MtlError: it cannot be opened.
        """
        with self._lock:
            found = self._openings.get(folder)
            if found is not None:
                self._openings.move_to_end(folder)
        ready = None if found is None else _session_in(found)
        if ready is not None:
            return ready
        return (found if found is not None and not _failed(found) else self.begin(folder, load())).future.result()

    def close(self, folder: Path) -> None:
        """Forget a project that is deleted."""
        with self._lock:
            self._openings.pop(folder, None)

    def _fill(self, folder: Path, opening: Opening) -> None:
        try:
            engine = cast(Engine, opening.model)
            session = opening.before
            if session is None:
                session = self._open_one(folder, engine, opening.tell)
            else:
                self._change(folder, opening, session)
            opening.future.set_result(session)
        except BaseException as error:
            opening.future.set_exception(error)

    def _change(self, folder: Path, opening: Opening, session: LabellingSession) -> None:
        """Give a session the model of an opening, but not where a later opening gives it another one."""

        def tell(done: int, total: int) -> None:
            opening.tell(done, total)
            self._need_latest(folder, opening)

        with opening.turn, suppress(_Replaced):
            self._need_latest(folder, opening)
            session.use(cast(Engine, opening.model), progress=tell)

    def _need_latest(self, folder: Path, opening: Opening) -> None:
        with self._lock:
            latest = self._openings.get(folder, opening)
        if latest is not opening and latest.turn is opening.turn:
            raise _Replaced


def _session_in(opening: Opening) -> LabellingSession | None:
    """The session to work with now."""
    done = opening.future.done() and opening.future.exception() is None
    return opening.future.result() if done else opening.before


def _failed(opening: Opening) -> bool:
    return opening.future.done() and opening.future.exception() is not None
