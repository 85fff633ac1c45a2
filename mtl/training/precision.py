"""Whether training passes run in bf16: where a probe on this machine shows that it is faster and as good."""

import hashlib
import json
import platform
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from statistics import median

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from mtl.device import autocast
from mtl.recipe.choices import Precision
from mtl.recipe.schema import Recipe
from mtl.runs.folder import home

_GAIN = 1.15  # how many times faster bf16 must be
_ALIKE = 0.99  # cosine with the gradient in fp32 that bf16 must reach
_CLOSE = 0.02  # by how much, relatively, the loss may differ
_SMALL = 1_000_000  # parameters below which a pass is too short to gain
_ROUNDS = 3

Pass = Callable[[AbstractContextManager[object]], Tensor]


def choose_precision(recipe: Recipe, model: torch.nn.Module, training_pass: Pass) -> Precision:
    """What the recipe says, or for `auto` the answer of a probe; it is remembered for this machine and backbone.

    Args:
        recipe: of the run.
        model: with `requires_grad` set, in eval mode so that no random number is drawn; it stays as it is.
        training_pass: runs a typical batch under a context and returns the loss.
    """
    device = next(model.parameters()).device
    if recipe.precision != "auto":
        return Precision(recipe.precision)
    if device.type == "mps" or sum(p.numel() for p in model.parameters()) < _SMALL:
        return Precision.FP32
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    known = home() / "measured" / f"training-{_key(recipe, trained, device)}.json"
    try:
        return Precision(json.loads(known.read_text(encoding="utf-8"))["precision"])
    except (OSError, ValueError, KeyError, TypeError):
        found = _probe(model, training_pass, device)
    known.parent.mkdir(parents=True, exist_ok=True)
    known.write_text(json.dumps({"precision": found}), encoding="utf-8")
    return found


def _key(recipe: Recipe, trained: int, device: torch.device) -> str:
    facts = (platform.node(), torch.__version__, torch.get_num_threads(), device.type, recipe.backbone, trained)
    return hashlib.sha256(repr(facts).encode()).hexdigest()[:16]


def _probe(model: torch.nn.Module, training_pass: Pass, device: torch.device) -> Precision:
    times: dict[Precision, list[float]] = {Precision.FP32: [], Precision.BF16: []}
    for number in range(1 + _ROUNDS):
        found: dict[Precision, tuple[float, Tensor]] = {}
        for precision, seconds in times.items():
            begun = time.perf_counter()
            found[precision] = _loss_and_gradient(model, training_pass, autocast(precision, device))
            seconds.append(time.perf_counter() - begun)
        slow, fast = times[Precision.FP32][-1], times[Precision.BF16][-1]
        if fast > 2 * slow:  # bf16 is emulated: not worth another try
            return Precision.FP32
        if not number:
            _forget_first(times)
    (loss, gradient), (rounded_loss, rounded) = found[Precision.FP32], found[Precision.BF16]
    gains = median(times[Precision.FP32]) > _GAIN * median(times[Precision.BF16])
    alike = not len(gradient) or float(cosine_similarity(gradient, rounded, dim=0)) >= _ALIKE
    close = abs(loss - rounded_loss) <= _CLOSE * max(abs(loss), 1e-6)
    return Precision.BF16 if gains and alike and close else Precision.FP32


def _forget_first(times: dict[Precision, list[float]]) -> None:
    for seconds in times.values():
        seconds.clear()


def _loss_and_gradient(
    model: torch.nn.Module, training_pass: Pass, context: AbstractContextManager[object]
) -> tuple[float, Tensor]:
    loss = training_pass(context)
    if loss.requires_grad:
        torch.autograd.backward(loss)
    gradients = [p.grad.flatten() for p in model.parameters() if p.grad is not None]
    model.zero_grad(set_to_none=True)
    return float(loss.detach()), torch.cat(gradients) if gradients else torch.empty(0)
