"""Why training ends when a loss or its gradient is not finite."""

import math

from mtl.distributed import whole
from mtl.model import MultiTaskModel
from mtl.training.accumulation import BatchOutcome


def has_finite_weights(model: MultiTaskModel) -> bool:
    """Whether every parameter is a number, so that the model is worth keeping."""
    return all(bool(whole(parameter.detach()).isfinite().all()) for parameter in model.parameters())


def explain(outcome: BatchOutcome, norm: float, *, model: MultiTaskModel) -> str:
    """One sentence for the user: what is not finite, the cause where it can be told, and what to do.

    Args:
        outcome: of the batch.
        norm: of its gradient.
        model: before the step.
    """
    if not math.isfinite(outcome.loss):
        what = f"the loss of {outcome.task} is {outcome.loss}"
    elif not math.isfinite(outcome.total):
        what = f"the loss of {outcome.task} with its weight and anchor is {outcome.total}"
    else:
        what = f"the gradient of {outcome.task} has the norm {norm} (its loss is {outcome.loss:.4g})"
    if not has_finite_weights(model):
        return (
            f"{what} because the weights were not finite before this step, so training ends here; the backbone or "
            "checkpoint that it began from is damaged"
        )
    return (
        f"{what}, so training ends here with the weights of the step before; a lower optimizer.backbone_lr or "
        "optimizer.head_lr is the usual cure"
    )
