"""The backends and precisions that can run a model on this machine, with the graphs that they need."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mtl.checkpoint.store import LoadedModel
from mtl.errors import BackendError
from mtl.inference.autotune.probe_texts import probe_batches
from mtl.inference.autotune.store import PreparedFolder
from mtl.inference.backends import Backend, BackendName, InferencePrecision, openvino
from mtl.inference.backends.exporting import export
from mtl.inference.backends.graph import Graph
from mtl.inference.backends.openvino import UnwrittenGraphError
from mtl.inference.backends.pytorch import TorchBackend
from mtl.inference.backends.quantising import SCHEMES
from mtl.inference.options import EngineOptions
from mtl.inference.spec import EngineSpec
from mtl.text.windows import WindowTokenizer

FP32, BF16 = InferencePrecision.FP32, InferencePrecision.BF16
MIXED, INT8 = InferencePrecision.MIXED, InferencePrecision.INT8


class Notes(list[str]):
    """What could not run and why."""

    unwritten = False
    """Whether one of them is a graph that could not be written."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A loaded model, its spec, the folder that holds what is made of it, and the checkpoint that it comes from."""

    loaded: LoadedModel
    spec: EngineSpec
    tokenizer: WindowTokenizer
    folder: PreparedFolder
    checkpoint: Path | None = None


def candidates(prepared: Prepared, options: EngineOptions, notes: Notes) -> list[Callable[[], Backend]]:
    """A function for each that opens it; what is left out and why goes to the notes.

    Raises:
        BackendError: the backend or precision that was asked for cannot run this model.
    """
    model, found = prepared.loaded.model, list[Callable[[], Backend]]()
    if options.backend is not BackendName.TORCH:
        found += _openvino_candidates(prepared, options, notes)
    elif options.precision in SCHEMES:
        raise BackendError(f"{options.precision} runs with openvino only, a backend of torch was asked for")
    if options.backend is not BackendName.OPENVINO:
        if options.precision is BF16 or (options.precision is None and _torch_has_bf16(model.device.type)):
            found.append(partial(TorchBackend, model, BF16))
        if options.precision in (None, FP32):
            found.append(partial(TorchBackend, model, FP32))
    return found


def _openvino_candidates(prepared: Prepared, options: EngineOptions, notes: Notes) -> Iterator[Callable[[], Backend]]:
    graph_needed = options.precision in SCHEMES
    with _noted(notes, needed=graph_needed or options.backend is BackendName.OPENVINO), _room_on_disk(prepared):
        _export(prepared)
        for precision in _openvino_precisions(options):
            with _noted(notes, needed=graph_needed), _room_on_disk(prepared):
                prepared.folder.quantize(precision, probe_batches(prepared.tokenizer))
                yield partial(prepared.folder.open, prepared.spec, precision)


@contextmanager
def _noted(notes: Notes, *, needed: bool) -> Iterator[None]:
    """What cannot run goes to the notes, and is an error where it is needed."""
    try:
        yield
    except BackendError as error:
        if needed:
            raise
        notes.append(str(error))
        notes.unwritten |= isinstance(error, UnwrittenGraphError)


def _openvino_precisions(options: EngineOptions) -> tuple[InferencePrecision, ...]:
    """Those to try, in this order; int8 is the way to be fast where the processor has no bf16."""
    has_bf16 = openvino.has_bf16()
    if options.precision is None:
        return (MIXED, BF16, FP32) if has_bf16 else (INT8, FP32)
    if options.precision in (BF16, MIXED) and not has_bf16:
        if options.precision is MIXED or options.backend == BackendName.OPENVINO:
            raise BackendError("OpenVINO computes in bf16 where the processor has such instructions, this one has none")
        return ()
    return (options.precision,)


def _export(prepared: Prepared) -> None:
    """Export the model, if what was exported is missing or damaged; errors as `PreparedFolder.add`."""
    if prepared.loaded.model.device.type != "cpu":
        raise BackendError("OpenVINO was left out: the model runs on an accelerator")
    if not openvino.is_installed():
        raise BackendError("OpenVINO was left out: it is not installed (pip install polyhead[fast])")
    if not prepared.folder.is_whole():
        tokenizer = prepared.tokenizer.to_json()
        prepared.folder.prepare(prepared.spec, tokenizer, lambda to: export(Graph(prepared.loaded.model), to))


@contextmanager
def _room_on_disk(prepared: Prepared) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UnwrittenGraphError(
            f"OpenVINO was left out: its graph cannot be written to {prepared.folder.path}: {error.strerror}"
        ) from error


def _torch_has_bf16(device: str) -> bool:
    import torch

    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return device == "cpu" and openvino.is_installed() and openvino.has_bf16()
