"""What every export of a model's operations has to mind."""

from collections.abc import Iterator
from contextlib import contextmanager

from mtl.model import MultiTaskModel

_CHECKED_TOKENS = 11


def checked_length(model: MultiTaskModel) -> int:
    """Tokens of a text to check an export on: more than were traced, and than a window of sliding attention."""
    return max(_CHECKED_TOKENS, _sliding_window(model))


@contextmanager
def finite_masks(model: MultiTaskModel) -> Iterator[None]:
    """Write sliding attention out as products and a softmax.

    A token of padding far from the text attends to nothing. PyTorch's fused attention gives zeros for it; its export
    divides zero by zero, and the result spreads to the other tokens.
    """
    backbone = model.encoder.model
    before = backbone.config._attn_implementation
    if _sliding_window(model):
        backbone.set_attn_implementation("eager")
    try:
        yield
    finally:
        backbone.set_attn_implementation(before)


def _sliding_window(model: MultiTaskModel) -> int:
    """How many tokens a token attends to in the layers where these are limited; 0 where no layer has a limit."""
    return int(getattr(model.encoder.model.config, "sliding_window", None) or 0)
