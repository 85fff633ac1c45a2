"""One more layer for an encoder, which takes the mean of the tokens or runs a hidden layer of a head.

The stock classifiers of transformers read the first token and have one hidden layer with one activation. What a head
needs beyond that goes into a further layer of the same architecture, computed exactly as far as float32 tells:

- Queries and keys of zero attend to all tokens evenly, padding left out: the values' mean.
- The last layer ends with a layer norm, `gain * n + shift`, where the numbers of `n` add up to zero. It now gives
  `n * 2**-72`, and the values are taken 2**32 times that: beside them the residual is below the rounding of float32.
- A layer norm of numbers around 2**-40 divides by the root of its epsilon and by nothing else, so it is linear; it
  takes no mean away, since the numbers add up to zero. Its gain brings them back to their size.
- The feed-forward part computes a hidden layer of the head, where that has the encoder's own activation.
"""

import copy
import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel

from mtl.encoder.parts import stack_name
from mtl.exports.pipelines.layers import TINY, Dense, NotHeldError, fill
from mtl.recipe.choices import Activation

_FAINT = 2.0**-72
_STEEP = 2.0**20  # gelu(s * x) / s is relu(x) to within 0.17 / s
ARCHITECTURES = ("bert", "roberta", "xlm-roberta", "camembert", "electra", "deberta-v2")
"""Encoders whose layers end with a layer norm, and in which queries and keys of zero attend evenly."""


@dataclass(frozen=True)
class _Slots:
    """The modules of a layer by what they do."""

    query: nn.Linear
    key: nn.Linear
    value: nn.Linear
    mixed: nn.Linear
    first_norm: nn.LayerNorm
    up: nn.Linear
    down: nn.Linear
    last_norm: nn.LayerNorm


def add_layer(model: PreTrainedModel, *, mean: bool, inner: tuple[Dense, Dense] | None = None) -> None:
    """Add the layer in place.

    Args:
        model: an encoder of `ARCHITECTURES`.
        mean: whether every token is to get the mean of all; else each keeps its own state.
        inner: a hidden layer and the linear map after it. Then the first numbers of a token's state are what they give
            from the state that it would have else; the others mean nothing.

    Raises:
        NotHeldError: the encoder has no room for `inner`, or another activation.
    """
    stack: Any = model.get_submodule(stack_name(model))
    before = _slots(stack[-1])
    gain, shift = (p.detach().double() for p in (before.last_norm.weight, before.last_norm.bias))
    fill_norm(before.last_norm, torch.full_like(gain, _FAINT))
    stack.append(copy.deepcopy(stack[-1]))
    model.config.num_hidden_layers += 1
    slots = _slots(stack[-1])
    root, same = math.sqrt(model.config.layer_norm_eps), torch.eye(len(gain), dtype=torch.float64)
    for module in (slots.query, slots.key):
        fill(module, same * 0)
        for further in _position_maps(stack[-1]):
            fill(further, same * 0)
    fill(slots.value, same * (TINY / _FAINT if mean else 0))
    fill(slots.mixed, same)
    came = TINY if mean else _FAINT  # what the first norm gets is `n` at this scale
    if inner is None:
        fill_norm(slots.first_norm, torch.full_like(gain, TINY * root / came))
        fill(slots.up, same[:0])
        fill(slots.down, same[:0])
        fill_norm(slots.last_norm, gain * root / TINY, shift)
        return
    fill_norm(slots.first_norm, torch.full_like(gain, _FAINT * root / came))
    hidden, after = _fitted(model, inner)
    fill(slots.up, hidden.weight * gain / _FAINT, hidden.bias + hidden.weight @ shift)
    fill(slots.down, _balanced(after.weight) * TINY, _balanced(after.bias) * TINY)
    fill_norm(slots.last_norm, torch.full_like(gain, root / TINY))


@torch.no_grad()
def fill_norm(module: nn.LayerNorm, gain: Tensor, shift: Tensor | None = None) -> None:
    """Set gain and shift `(H,)` of a layer norm; no shift is zero."""
    module.weight.copy_(gain)
    if module.bias is not None:
        module.bias.copy_(torch.zeros_like(gain) if shift is None else shift)


def _balanced(rows: Tensor) -> Tensor:
    """With one row more, so that all add up to zero and a layer norm has no mean to take away."""
    return torch.cat([rows, -rows.sum(0, keepdim=True)])


def _fitted(model: PreTrainedModel, inner: tuple[Dense, Dense]) -> tuple[Dense, Dense]:
    hidden, after = inner
    config, has = model.config, str(model.config.hidden_act)
    if hidden.size > config.intermediate_size or after.size >= config.hidden_size:
        raise NotHeldError(
            f"at most {config.intermediate_size} hidden units and {config.hidden_size - 1} after them can be held, "
            f"were {hidden.size} and {after.size}"
        )
    if hidden.activation is Activation.RELU and has == Activation.GELU:
        hidden = Dense(hidden.weight * _STEEP, hidden.bias * _STEEP, Activation.GELU)
        after = Dense(after.weight / _STEEP, after.bias)
    if hidden.activation != has:
        raise NotHeldError(f"a hidden layer with {has} was expected, as the encoder has, was {hidden.activation}")
    return hidden, after


def _slots(layer: Any) -> _Slots:  # noqa: ANN401
    own, attention = layer.attention.self, layer.attention.output
    query, key, value = (getattr(own, n, None) or getattr(own, f"{n}_proj") for n in ("query", "key", "value"))
    return _Slots(
        query,
        key,
        value,
        attention.dense,
        attention.LayerNorm,
        layer.intermediate.dense,
        layer.output.dense,
        layer.output.LayerNorm,
    )


def _position_maps(layer: Any) -> list[nn.Linear]:  # noqa: ANN401
    """Of DeBERTa: what positions are read with, where they do not share the maps of queries and keys."""
    names = ("pos_key_proj", "pos_query_proj")
    return [module for name in names if (module := getattr(layer.attention.self, name, None)) is not None]
