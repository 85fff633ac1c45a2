"""Loaded models, shared by all visitors: each is loaded once, and the least recently used one is unloaded."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Protocol

from demo.answers.passes import Model
from demo.runs import RunManager
from demo.settings import Settings
from mtl.backbones.source import folder_state
from mtl.errors import InputError
from mtl.inference.source import STARTER, STARTER_FOLDER
from mtl.recipe import DEFAULT_BACKBONE
from mtl.user_path import user_path

BACKBONE = "backbone"
GIVEN = "given"
_RUN = "run:"
_BEGAN = "began:"


class Made(Protocol):
    """Results that are kept: the key of the model that made them, and the state of its files before it did."""

    @property
    def key(self) -> str:
        """The key of a choice in the header."""

    @property
    def state(self) -> str:
        """As `Engines.state`."""


class Engines:
    """Models by the key of a choice in the header."""

    def __init__(self, *, settings: Settings, runs: RunManager, load: Callable[[str], Model]) -> None:
        self._settings = settings
        self._runs = runs
        self._load = load
        self._loaded: OrderedDict[str, Future[Model]] = OrderedDict()
        self._states: dict[str, str] = {}
        self._lock = Lock()

    def choices(self, owner: str) -> list[tuple[str, str]]:
        """Title and key of every model that this owner may use, the default first."""
        given = [(_short(self._settings.checkpoint), GIVEN)] if self._settings.checkpoint else []
        fixed = [(STARTER, STARTER), (f"{DEFAULT_BACKBONE.rpartition('/')[2]} without heads", BACKBONE)]
        trained = [(run.title, key_of(run.id)) for run in self._runs.runs(owner) if run.has_checkpoint]
        return [*given, *fixed, *trained]

    def get(self, key: str | None, owner: str) -> Model:
        """The model of a choice, loaded if necessary.

        Raises:
            InputError: there is no such choice.
            RunError: the run is not this owner's.
            MtlError: the checkpoint cannot be loaded.
        """
        source = self._source(key, owner)
        state = state_of(source)
        with self._lock:
            if self._states.get(source) != state:  # a run was resumed or retrained: the model in memory is the old one
                self._loaded.pop(source, None)
                self._states[source] = state
            future = self._loaded.get(source)
            mine = future is None
            if future is None:
                future = self._loaded[source] = Future()
            self._loaded.move_to_end(source)
            while len(self._loaded) > self._settings.loaded_engines:
                self._loaded.popitem(last=False)
        if mine:
            self._fill(source, future)
        return future.result()

    def _fill(self, source: str, future: Future[Model]) -> None:
        try:
            future.set_result(self._load(source))
            self._drop_over_limit(source)
        except BaseException as error:
            with self._lock:
                if self._loaded.get(source) is future:
                    self._loaded.pop(source)
            future.set_exception(error)

    def location(self, key: str | None, owner: str) -> str:
        """The folder of the model of a choice, or its Hub id.

        Raises:
            InputError: there is no such choice.
            RunError: the run is not this owner's.
        """
        source = self._source(key, owner)
        return str(STARTER_FOLDER) if source == STARTER else source

    def state(self, key: str | None, owner: str) -> str:
        """What changes when the files of the model of a choice change, as after more training; read it before `get`.

        Raises:
            InputError: there is no such choice.
            RunError: the run is not this owner's.
        """
        return state_of(self._source(key, owner))

    @contextmanager
    def same_model(self, made: Made, owner: str, *, otherwise: str) -> Iterator[None]:
        """While what is computed is combined with these results, which only the same model may do.

        Raises:
            InputError: its files have changed since, or meanwhile; `otherwise` is the message.
            RunError: the run is not this owner's.
        """
        self._need_state(made, owner, otherwise)
        yield
        self._need_state(made, owner, otherwise)

    def _need_state(self, made: Made, owner: str, otherwise: str) -> None:
        if self.state(made.key, owner) != made.state:
            raise InputError(otherwise)

    def _drop_over_limit(self, fresh: str) -> None:
        """Unload the least recently used models until the rest fits into the memory limit."""
        with self._lock:
            sizes = {source: _size(future) for source, future in self._loaded.items()}
            for source in list(self._loaded):
                if sum(sizes.values()) > self._settings.loaded_engines_mb * 1e6 and source != fresh:
                    del self._loaded[source], sizes[source]

    def _source(self, key: str | None, owner: str) -> str:
        if key and key.startswith(_RUN):
            return str(self._runs.get(key.removeprefix(_RUN), owner).best)
        if key and key.startswith(_BEGAN):
            return self._runs.began_from(key.removeprefix(_BEGAN), owner)
        sources = {STARTER: STARTER, BACKBONE: DEFAULT_BACKBONE, GIVEN: self._settings.checkpoint}
        source = sources.get(key or "")
        if source is None:
            raise InputError("Choose a model in the header first.")
        return source


def state_of(source: str) -> str:
    """What changes when the files of a model's folder change; empty for one that is no folder, or is being replaced."""
    folder = user_path(source)
    try:
        return folder_state(folder) if folder.is_dir() else ""
    except FileNotFoundError:
        return ""


def _size(future: Future[Model]) -> int:
    """Bytes of a model's weights; 0 while it is loading."""
    loaded = future.done() and future.exception() is None
    return int(getattr(future.result(), "memory_bytes", 0)) if loaded else 0


def _short(checkpoint: str) -> str:
    return "/".join(Path(checkpoint).parts[-2:])


def key_of(run_id: str) -> str:
    """The key of a trained model."""
    return f"{_RUN}{run_id}"


def began_key_of(run_id: str) -> str:
    """The key of the model that a run started from."""
    return f"{_BEGAN}{run_id}"
