"""From a name to everything that an engine is made of; without torch where the model was prepared before."""

import shutil
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mtl.errors import BackendError, InputError
from mtl.inference.backends import Backend, openvino
from mtl.inference.choice import Choice, machine_key
from mtl.inference.precision import InferencePrecision
from mtl.inference.preparing import prepare_aside
from mtl.inference.source import ModelSource, find_model, load_model
from mtl.inference.spec import EngineSpec, spec_of
from mtl.inference.store import PreparedFolder
from mtl.inference.wishes import AUTO, BACKENDS, DEFAULT_BATCH_TOKENS, OPENVINO, TORCH, Wanted
from mtl.recipe.choices import LongTexts, TaskKind
from mtl.text.windows import WindowTokenizer

if TYPE_CHECKING:
    from mtl.checkpoint import LoadedModel


@dataclass(frozen=True, slots=True)
class EngineParts:
    """What an engine runs with."""

    spec: EngineSpec
    tokenizer: WindowTokenizer
    backend: Backend
    choice: Choice
    fingerprint: str = ""
    """Of the model's files; empty for a model in memory."""


def open_model(name: str, *, precision: str, backend: str, long_texts: str | None) -> EngineParts:
    """Find a model and make it ready; errors as `Engine.load`."""
    wanted = Wanted(
        InferencePrecision(_one_of("precision", precision, InferencePrecision)) if precision != AUTO else None,
        _one_of("backend", backend, BACKENDS) if backend != AUTO else None,
    )
    how = _how(long_texts)
    source = find_model(name)
    folder = PreparedFolder(source.fingerprint())
    ready = _from_folder(folder, wanted, how)
    if ready is None and _gains_by_preparing_aside(folder, wanted):
        prepare_aside(name, precision, backend)
        ready = _from_folder(folder, wanted, how)
    return ready or _from_source(source, folder, wanted, how)


def parts_of(loaded: "LoadedModel", long_texts: str | None) -> EngineParts:
    """A model in memory, in float32 by torch."""
    from mtl.inference.backends.pytorch import TorchBackend

    spec = spec_of(loaded)
    choice = Choice(backend=TORCH, precision=InferencePrecision.FP32, batch_tokens=DEFAULT_BATCH_TOKENS)
    return EngineParts(spec, _tokenizer(spec, loaded.tokenizer, _how(long_texts)), TorchBackend(loaded.model), choice)


def _gains_by_preparing_aside(folder: PreparedFolder, wanted: Wanted) -> bool:
    """Whether OpenVINO may run the model, and torch is not in memory anyway."""
    if "torch" in sys.modules or wanted.backend == TORCH or not openvino.is_installed():
        return False
    return folder.choice(machine_key(wanted.key)) is None


def _from_folder(folder: PreparedFolder, wanted: Wanted, how: LongTexts | None) -> EngineParts | None:
    """What was prepared and chosen before, if OpenVINO runs it."""
    choice = folder.choice(machine_key(wanted.key))
    spec = folder.spec() if choice is not None and choice.backend == OPENVINO else None
    if choice is None or spec is None or not openvino.is_installed():
        return None
    try:
        backend = openvino.OpenVinoBackend(
            folder.path,
            choice.precision,
            classifiers=spec.names(TaskKind.CLASSIFICATION),
            taggers=spec.names(TaskKind.TAGGING),
        )
    except (BackendError, OSError):  # a damaged folder is made anew
        shutil.rmtree(folder.path, ignore_errors=True)
        return None
    tokenizer = WindowTokenizer(folder.tokenizer(), spec.window)
    return EngineParts(spec, _tokenizer(spec, tokenizer, how), backend, choice, folder.fingerprint)


def _from_source(source: ModelSource, folder: PreparedFolder, wanted: Wanted, how: LongTexts | None) -> EngineParts:
    from mtl.device import best_device
    from mtl.inference.backends.pytorch import TorchBackend
    from mtl.inference.candidates import Prepared
    from mtl.inference.choosing import choose

    loaded = load_model(source)
    loaded.model.to(best_device())
    spec = spec_of(loaded)
    tokenizer = _tokenizer(spec, loaded.tokenizer, how)
    key = machine_key(wanted.key)
    choice = folder.choice(key)
    if choice is not None and choice.backend == TORCH:
        return EngineParts(spec, tokenizer, TorchBackend(loaded.model, choice.precision), choice, folder.fingerprint)
    prepared = Prepared(loaded, spec, tokenizer, folder, source.folder if source.config else None)
    backend, choice = choose(prepared, wanted)
    folder.remember(key, choice)
    return EngineParts(spec, tokenizer, backend, choice, folder.fingerprint)


def _tokenizer(spec: EngineSpec, tokenizer: WindowTokenizer, how: LongTexts | None) -> WindowTokenizer:
    """The model's tokenizer, reading long texts as asked for, else as the model's training did."""
    return tokenizer.with_long_texts(how or LongTexts(spec.recipe.get("long_texts", LongTexts.WINDOWS)))


def _how(long_texts: str | None) -> LongTexts | None:
    return None if long_texts is None else LongTexts(_one_of("long_texts", long_texts, LongTexts, auto=False))


def _one_of(option: str, value: str, allowed: object, *, auto: bool = True) -> str:
    names = [str(name) for name in allowed]  # type: ignore[attr-defined]
    if value not in names:
        expected = ", ".join([*([AUTO] if auto else []), *names])
        raise InputError(f"a {option} of {expected} was expected, was {value!r}")
    return value
