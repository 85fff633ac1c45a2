"""Loads all parts of an engine by the name of a model, without torch if the model was prepared before."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from mtl.errors import BackendError, StorageError
from mtl.inference.autotune.choice import Choice, is_due
from mtl.inference.autotune.machine import machine_key
from mtl.inference.autotune.store import PreparedFolder
from mtl.inference.backends import Backend, BackendName, InferencePrecision, openvino
from mtl.inference.options import AUTO, EngineOptions
from mtl.inference.source import ModelSource, find_model, load_model
from mtl.inference.spec import EngineSpec, spec_of
from mtl.outside import Summary, read_summaries
from mtl.recipe.choices import LongTexts
from mtl.runs.parent import ending_with_parent
from mtl.text.splitting import need_splitter
from mtl.text.windows import WindowTokenizer

if TYPE_CHECKING:
    from mtl.checkpoint.store import LoadedModel

_OF_A_LAUNCHER = ("RANK", "WORLD_SIZE")
"""Of the processes that share a training; one of them may load a model, which each prepares alone."""
Prepare = Callable[[str, str, str], None]
"""Has `mtl prepare` done in another process; called with the name of a model, the precision and the backend."""


@dataclass(frozen=True, slots=True)
class EngineParts:
    """What an engine runs with."""

    spec: EngineSpec
    tokenizer: WindowTokenizer
    backend: Backend
    choice: Choice
    fingerprint: str = ""
    """Of the model's files; empty for a model in memory."""
    loaded: "LoadedModel | None" = None
    """A model in memory; None where it can be loaded from its files again."""
    outside: Mapping[str, Summary] = field(default_factory=dict)
    """By task what tells whether a text is unlike the training texts."""


def open_model(
    name: str, *, precision: str, backend: str, long_texts: str | None, prepare: Prepare | None = None
) -> EngineParts:
    """Find a model and make it ready; arguments and errors as `Engine.load`."""
    options = EngineOptions.parse(precision=precision, backend=backend, long_texts=long_texts)
    source = find_model(name)
    folder, key = PreparedFolder(source.fingerprint()), machine_key(options.key)
    choice = folder.choice(key)
    if choice is not None and is_due(choice):
        choice = None
    ready = _from_folder(folder, choice, options)
    if ready is None and _gains_by_a_subprocess(choice, options):
        (prepare or prepare_in_subprocess)(name, precision, backend)
        choice = folder.choice(key)
        ready = _from_folder(folder, choice, options)
    parts = ready or _from_source(source, folder, choice, options)
    if source.config is None:
        return parts
    outside = read_summaries(source.folder, tasks=parts.spec.tasks, dimension=parts.spec.embedding_dimension)
    return replace(parts, outside=outside)


def prepare_in_subprocess(name: str, precision: str, backend: str) -> None:
    """Prepare a model in a process of its own, so that torch and all it needs are gone when the engine is loaded.

    What is wrong with the model is said by whoever loads it afterwards.
    """
    alone = {key: value for key, value in os.environ.items() if key not in _OF_A_LAUNCHER}
    root = str(Path(__file__).resolve().parents[2])
    paths = [root, *filter(None, [os.environ.get("PYTHONPATH")])]
    with subprocess.Popen(
        [sys.executable, "-m", "mtl", "prepare", "--precision", precision, "--backend", backend, "--", name],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **ending_with_parent(alone | {"PYTHONPATH": os.pathsep.join(paths)}),
    ) as process:
        try:
            process.wait()
        except BaseException:  # such as the signal that ends a server
            process.kill()
            raise


def prepare(name: str, *, precision: str, backend: str) -> Choice:
    """Prepare a model in this process, so that every later load finds it ready.

    Raises:
        StorageError: not everything could be stored.
        MtlError: as `Engine.load`.
    """
    options = EngineOptions.parse(precision=precision, backend=backend, long_texts=None)
    source = find_model(name)
    folder, key = PreparedFolder(source.fingerprint()), machine_key(options.key)
    before = folder.choice(key)
    if before is not None and (before.unwritten or is_due(before)):
        before = None
    choice = (_from_folder(folder, before, options) or _from_source(source, folder, before, options)).choice
    kept = folder.choice(key)
    if choice.unwritten or kept is None or (kept.backend, kept.precision) != (choice.backend, choice.precision):
        raise StorageError("; ".join(["not everything could be stored", *choice.notes]), path=folder.path)
    return choice


def open_loaded(loaded: "LoadedModel", *, long_texts: str | None) -> EngineParts:
    """A model in memory, in float32 by torch."""
    from mtl.inference.backends.pytorch import TorchBackend

    spec = spec_of(loaded)
    options = EngineOptions.parse(precision=AUTO, backend=AUTO, long_texts=long_texts)
    choice = Choice(backend=BackendName.TORCH, precision=InferencePrecision.FP32, reason="the model is in memory")
    tokenizer, backend = _tokenizer(spec, loaded.tokenizer, options), TorchBackend(loaded.model)
    return EngineParts(spec, tokenizer, backend, choice, loaded=loaded, outside=loaded.outside)


def _gains_by_a_subprocess(choice: Choice | None, options: EngineOptions) -> bool:
    """Whether OpenVINO may run the model, and torch is not in memory anyway."""
    torch_runs = BackendName.TORCH in (options.backend, choice.backend if choice else None)
    return "torch" not in sys.modules and not torch_runs and openvino.is_installed()


def _from_folder(folder: PreparedFolder, choice: Choice | None, options: EngineOptions) -> EngineParts | None:
    """What was prepared and chosen before, if OpenVINO runs it."""
    spec = folder.spec() if choice is not None and choice.backend is BackendName.OPENVINO else None
    if choice is None or spec is None or not openvino.is_installed():
        return None
    try:
        backend = folder.open(spec, choice.precision)
        tokenizer = WindowTokenizer(folder.tokenizer(), spec.window)
    except (BackendError, OSError):  # a damaged folder is made anew
        shutil.rmtree(folder.path, ignore_errors=True)
        return None
    return EngineParts(spec, _tokenizer(spec, tokenizer, options), backend, choice, folder.fingerprint)


def _from_source(
    source: ModelSource, folder: PreparedFolder, choice: Choice | None, options: EngineOptions
) -> EngineParts:
    from mtl.device import best_device
    from mtl.inference.autotune.candidates import Prepared
    from mtl.inference.autotune.measuring import choose
    from mtl.inference.backends.pytorch import TorchBackend

    loaded = load_model(source)
    loaded.model.to(best_device())
    spec = spec_of(loaded)
    tokenizer = _tokenizer(spec, loaded.tokenizer, options)
    if choice is not None and choice.backend is BackendName.TORCH:
        return EngineParts(spec, tokenizer, TorchBackend(loaded.model, choice.precision), choice, folder.fingerprint)
    prepared = Prepared(loaded, spec, tokenizer, folder, source.folder if source.config else None)
    backend, choice = choose(prepared, options)
    folder.remember(machine_key(options.key), choice)
    return EngineParts(spec, tokenizer, backend, choice, folder.fingerprint)


def _tokenizer(spec: EngineSpec, tokenizer: WindowTokenizer, options: EngineOptions) -> WindowTokenizer:
    """The model's tokenizer, reading long texts as asked for, else as the model's training did.

    Raises:
        InputError: its words are told by a library that is not installed.
    """
    need_splitter(spec.splitting)
    trained = LongTexts(spec.recipe.get("long_texts", LongTexts.WINDOWS))
    return tokenizer.with_long_texts(options.long_texts or trained)
