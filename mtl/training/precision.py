"""Whether training runs in bf16: where a measurement on this machine shows that it is faster and computes alike.

Only the backbone is measured, on fixed sentences: the choice depends on the backbone, on what of it trains and on the
machine, but not on the tasks or their data.
"""

import contextlib
import json
import math
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles

import psutil
import torch
from torch import Tensor

from mtl.checkpoint.store import LoadedModel
from mtl.device import autocast, has_bf16
from mtl.encoder import Encoder, TokenBatch, token_batch
from mtl.home import home
from mtl.inference.autotune.machine import machine_key
from mtl.inference.autotune.probe_texts import SENTENCES
from mtl.json_text import parse_json
from mtl.recipe.choices import Precision
from mtl.recipe.schema import Recipe
from mtl.stopping import check_stop

_GAIN = 1.2  # how many times as fast as fp32 bf16 must be
_ALIKE = 0.99  # cosine that states and gradients in bf16 must have with those in fp32
_SPREAD = 0.5  # between the quartiles of the gain, relative to its median, above which the timings say nothing
FEW_PARAMETERS = 1_000_000
"""Below so many a pass is too short to gain by another precision or backend."""
_ROUNDS = 7
_TEXTS = 20


@dataclass(frozen=True, slots=True)
class PrecisionChoice:
    """A precision and, where nobody asked for it, why."""

    precision: Precision
    reason: str = ""


def choose_precision(recipe: Recipe, loaded: LoadedModel) -> PrecisionChoice:
    """What the recipe says, or for `auto` what a measurement finds; the result is kept for the next run.

    One that is not clear, or was measured on a busy machine, is measured again once the machine is idle.

    Args:
        recipe: of the run.
        loaded: with `requires_grad` set as at the end of the run, and in eval mode; it stays as it is.
    """
    if recipe.precision != "auto":
        return PrecisionChoice(Precision(recipe.precision))
    model = loaded.model
    if not has_bf16(model.device):
        return PrecisionChoice(Precision.FP32, f"this device ({model.device.type}) does not support bf16")
    if sum(p.numel() for p in model.parameters()) < FEW_PARAMETERS:
        return PrecisionChoice(Precision.FP32, f"bf16 gains nothing below {FEW_PARAMETERS:,} parameters")
    known = home() / "measured" / f"training-{_key(loaded)}.json"
    is_busy = psutil.getloadavg()[0] > (psutil.cpu_count() or 1)
    kept = _kept(known)
    if kept is not None and (is_busy or not kept.provisional):
        return PrecisionChoice(kept.precision, kept.reason)
    choice, is_clear = _measure(loaded)
    reason = (
        f"{choice.reason}; the machine was busy, so a run on an idle one measures again" if is_busy else choice.reason
    )
    found = _Kept(choice.precision, reason, provisional=is_busy or not is_clear)
    with contextlib.suppress(OSError):  # a disk that takes nothing more only means that it is measured again
        known.parent.mkdir(parents=True, exist_ok=True)
        known.write_text(json.dumps(asdict(found)), encoding="utf-8")
    return PrecisionChoice(found.precision, found.reason)


@dataclass(frozen=True, slots=True)
class _Kept:
    """A choice on disk; a provisional one holds while the machine is busy, so that runs beside each other agree."""

    precision: Precision
    reason: str
    provisional: bool = False


def _kept(file: Path) -> _Kept | None:
    try:
        record = parse_json(file.read_text(encoding="utf-8"))
        return _Kept(Precision(record["precision"]), str(record["reason"]), bool(record.get("provisional", False)))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _key(loaded: LoadedModel) -> str:
    device = loaded.model.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
    trained = [name for name, p in loaded.model.encoder.named_parameters() if p.requires_grad]
    facts = (torch.__version__, torch.get_num_threads(), name, loaded.backbone.sha256, trained)
    return machine_key(repr(facts))


def _measure(loaded: LoadedModel) -> tuple[PrecisionChoice, bool]:
    """The choice, and whether the timings leave no doubt about it."""
    encoder = loaded.model.encoder
    texts = loaded.tokenizer.store(SENTENCES[:_TEXTS])
    tokens = token_batch(texts.batch(range(_TEXTS))).to(loaded.model.device)
    likeness = _likeness(encoder, tokens)  # it warms both up, too
    if not likeness >= _ALIKE:  # NaN is not alike
        return PrecisionChoice(Precision.FP32, f"bf16 computes otherwise (cosine {likeness:.3f} with fp32)"), True
    gains: list[float] = []
    for _ in range(_ROUNDS):
        check_stop()
        slow, fast = (_seconds(encoder, tokens, precision) for precision in (Precision.FP32, Precision.BF16))
        gains.append(slow / fast)
        if len(gains) > 1 and max(gains) < 0.5:  # bf16 is emulated, every round would take long
            break
    low, gain, high = quantiles(gains, n=4, method="inclusive")
    measured = f"bf16 is {gain:.1f} times as fast as fp32 here ({_GAIN} is asked)"
    if low < _GAIN <= high or high - low > _SPREAD * median(gains):
        return PrecisionChoice(Precision.FP32, f"the timings of bf16 varied from {low:.1f} to {high:.1f} times"), False
    return PrecisionChoice(Precision.BF16 if low >= _GAIN else Precision.FP32, measured), True


def _seconds(encoder: Encoder, tokens: TokenBatch, precision: Precision) -> float:
    began = time.perf_counter()
    _run(encoder, tokens, precision)
    return time.perf_counter() - began


def _likeness(encoder: Encoder, tokens: TokenBatch) -> float:
    """The lower of two cosines between fp32 and bf16: of the hidden states, and of the gradients."""
    (states, gradients), (rounded, rounded_gradients) = (_run(encoder, tokens, precision) for precision in Precision)
    cosines = [_cosine([states], [rounded])]
    if gradients:
        cosines.append(_cosine(gradients, rounded_gradients))
    return min(cosines)


def _run(encoder: Encoder, tokens: TokenBatch, precision: Precision) -> tuple[Tensor, list[Tensor]]:
    """One pass forward, and backward where something trains, without a trace: hidden states and gradients."""
    with autocast(precision, tokens.ids.device):
        hidden = encoder(tokens).hidden
    generator = torch.Generator().manual_seed(0)
    direction = torch.randn(hidden.shape, generator=generator).to(hidden.device)
    states = hidden.float() * tokens.mask.unsqueeze(-1)
    loss = (states * direction).mean()
    trained = [p for p in encoder.parameters() if p.requires_grad]
    gradients = torch.autograd.grad(loss, trained, allow_unused=True) if trained else ()
    float(loss.detach())  # waits until a GPU has done it all
    return states.detach(), [gradient for gradient in gradients if gradient is not None]


def _cosine(first: Sequence[Tensor], second: Sequence[Tensor]) -> float:
    """Summed in float64: millions of products in float32 would not be exact to the third digit."""

    def dot(a: Sequence[Tensor], b: Sequence[Tensor]) -> float:
        return sum((float((x * y).sum(dtype=torch.float64)) for x, y in zip(a, b, strict=True)), start=0.0)

    return dot(first, second) / max(1e-30, math.sqrt(dot(first, first) * dot(second, second)))
