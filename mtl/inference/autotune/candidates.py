"""What a model could run with on this machine, each prepared as far as it needs to be."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mtl.checkpoint import LoadedModel
from mtl.errors import BackendError
from mtl.inference.autotune.probe_texts import TEXTS
from mtl.inference.autotune.store import PreparedFolder
from mtl.inference.backends import DEFAULT_BATCH_TOKENS, Backend, BackendName, InferencePrecision, openvino
from mtl.inference.backends.exporting import export
from mtl.inference.backends.graph import Graph
from mtl.inference.backends.pytorch import TorchBackend
from mtl.inference.backends.quantising import SCHEMES, quantize
from mtl.inference.options import EngineOptions
from mtl.inference.runner import Runner
from mtl.inference.spec import EngineSpec
from mtl.text.windows import WindowTokenizer

FP32, BF16 = InferencePrecision.FP32, InferencePrecision.BF16
MIXED, INT8 = InferencePrecision.MIXED, InferencePrecision.INT8


@dataclass(frozen=True, slots=True)
class Prepared:
    """A loaded model, its spec, the folder that holds what is made of it, and the checkpoint that it comes from."""

    loaded: LoadedModel
    spec: EngineSpec
    tokenizer: WindowTokenizer
    folder: PreparedFolder
    checkpoint: Path | None = None


def candidates(prepared: Prepared, options: EngineOptions, notes: list[str]) -> Iterator[Callable[[], Backend]]:
    """A function for each that opens it; what is left out and why goes to the notes.

    Raises:
        BackendError: the backend or precision that was asked for cannot run this model.
    """
    model = prepared.loaded.model
    if options.backend in (None, BackendName.OPENVINO):
        yield from _openvino_candidates(prepared, options, notes)
    if options.backend in (None, BackendName.TORCH):
        if options.precision in SCHEMES and options.backend == BackendName.TORCH:
            raise BackendError(f"{options.precision} runs with openvino only, a backend of torch was asked for")
        if options.precision is BF16 or (options.precision is None and _torch_has_bf16(model.device.type)):
            yield lambda: TorchBackend(model, BF16)
        if options.precision in (None, FP32):
            yield lambda: TorchBackend(model, FP32)


def _openvino_candidates(
    prepared: Prepared, options: EngineOptions, notes: list[str]
) -> Iterator[Callable[[], Backend]]:
    openvino_only = options.precision in SCHEMES
    if _works(lambda: _export(prepared), notes, needed=openvino_only or options.backend == BackendName.OPENVINO):
        for precision in _openvino_precisions(options):
            if _works(lambda p=precision: _quantize(prepared, p), notes, needed=openvino_only):  # type: ignore[misc]
                yield lambda p=precision: prepared.folder.open(prepared.spec, p)  # type: ignore[misc]


def _works(prepare: Callable[[], None], notes: list[str], *, needed: bool) -> bool:
    """Whether preparing works; what does not goes to the notes, and is an error where it is needed."""
    try:
        prepare()
    except BackendError as error:
        if needed:
            raise
        notes.append(str(error))
        return False
    return True


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
    """Export the model, if that was not done before.

    Raises:
        BackendError: OpenVINO does not run it; why.
    """
    if prepared.loaded.model.device.type != "cpu":
        raise BackendError("OpenVINO was left out: the model runs on an accelerator")
    if not openvino.is_installed():
        raise BackendError("OpenVINO was left out: it is not installed (pip install polyhead[fast])")
    if prepared.folder.spec() is None:
        with _room_on_disk(prepared):
            tokenizer = prepared.tokenizer.to_json()
            prepared.folder.prepare(prepared.spec, tokenizer, lambda to: export(Graph(prepared.loaded.model), to))


def _quantize(prepared: Prepared, precision: InferencePrecision) -> None:
    """Make the graph of a precision that needs one of its own, if that was not done before.

    Raises:
        BackendError: it cannot be made; why.
    """
    folder, name = prepared.folder.path, openvino.GRAPH_FILES.get(precision, openvino.GRAPH_FILE)
    if precision not in SCHEMES or (folder / name).exists():
        return
    reference = TorchBackend(prepared.loaded.model)
    runner = Runner(prepared.spec, prepared.tokenizer, reference, batch_tokens=DEFAULT_BATCH_TOKENS)
    with _room_on_disk(prepared):
        prepared.folder.add(
            lambda fresh: quantize(
                folder / openvino.GRAPH_FILE, fresh / name, scheme=SCHEMES[precision], batches=runner.batches(TEXTS)
            )
        )


@contextmanager
def _room_on_disk(prepared: Prepared) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BackendError(
            f"OpenVINO was left out: its graph cannot be written to {prepared.folder.path}: {error.strerror}"
        ) from error


def _torch_has_bf16(device: str) -> bool:
    import torch

    if device == "cuda":
        return bool(torch.cuda.is_bf16_supported())
    return device == "cpu" and openvino.is_installed() and openvino.has_bf16()
