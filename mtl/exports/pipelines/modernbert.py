"""A head in ModernBERT's own: a hidden layer, an activation, a layer norm and an output layer.

The norm is made linear: it gets numbers that are small beside the root of its epsilon. It then takes their mean away,
which one unit that is zero keeps, so that the output layer can add it again.
"""

import math
from typing import Any

import torch
from transformers import PreTrainedModel
from transformers.activations import ACT2FN

from mtl.exports.pipelines.last_layer import fill_norm
from mtl.exports.pipelines.layers import TINY, Dense, HeadLayers, NotHeldError, fill
from mtl.recipe.choices import Activation

_LOUD = 2.0**30  # the scale of the residual stream where a hidden layer stands before the norm


def fill_modernbert(model: PreTrainedModel, head: HeadLayers) -> None:
    """Put a head into a model for sequence or token classification, in place.

    Raises:
        NotHeldError: it has more than one hidden layer, or too many units.
    """
    loose: Any = model
    config, size = model.config, int(model.config.hidden_size)
    if len(head.hidden) > 1:
        raise NotHeldError(f"one hidden layer was expected, were {len(head.hidden)}")
    units = head.hidden[0] if head.hidden else head.output
    if head.norm is not None and units.size == size:
        _fill_as_it_is(loose, head)
        return
    if head.norm is not None or units.size >= size:
        raise NotHeldError(
            f"ModernBERT's own head has a norm over {size} units, which leaves room for {size - 1}, were {units.size}: "
            f"a head with hidden: {size - 1} can be held"
        )
    if loose.head.dense.bias is None:
        loose.head.dense = torch.nn.Linear(size, size)
        config.classifier_bias = True
    if head.hidden:
        scale, output = 1.0, head.output
        config.classifier_activation = str(units.activation)
        _make_loud(loose.model)
        for module in (m for m in loose.modules() if isinstance(m, torch.nn.LayerNorm)):
            module.eps = config.norm_eps
    else:
        same = torch.eye(units.size, dtype=torch.float64)
        scale, output = TINY, Dense(same, same[0] * 0)
        config.classifier_activation = Activation.TANH.value
    fill(loose.head.dense, units.weight * scale, units.bias * scale)
    root = math.sqrt(config.norm_eps)
    fill_norm(loose.head.norm, torch.full((size,), root / scale, dtype=torch.float64))
    weight = torch.cat([output.weight, -output.weight.sum(1, keepdim=True)], dim=1)
    fill(loose.classifier, weight, output.bias)
    loose.head.act = ACT2FN[config.classifier_activation]


def _fill_as_it_is(model: Any, head: HeadLayers) -> None:  # noqa: ANN401
    """Put in a head of the same shape, which may have come from ModernBERT."""
    (units,), norm, size = head.hidden, head.norm, int(model.config.hidden_size)
    assert norm is not None
    if norm.eps != model.config.norm_eps:
        raise NotHeldError(f"a norm with {model.config.norm_eps} was expected, as the encoder has, was {norm.eps}")
    model.head.dense = torch.nn.Linear(size, size)
    model.config.classifier_bias = True
    model.config.classifier_activation = str(units.activation)
    fill(model.head.dense, units.weight, units.bias)
    fill_norm(model.head.norm, norm.weight.detach())
    shift = norm.bias.detach().double()  # most ModernBERTs have no place for it but the output layer's
    fill(model.classifier, head.output.weight, head.output.bias + head.output.weight @ shift)
    model.head.act = ACT2FN[model.config.classifier_activation]


@torch.no_grad()
def _make_loud(model: Any) -> None:  # noqa: ANN401
    """Scale the residual stream, and epsilon with its square: every norm gives what it gave."""
    model.embeddings.tok_embeddings.weight *= _LOUD
    for parameter in model.embeddings.norm.parameters():
        parameter *= _LOUD
    for number, layer in enumerate(model.layers):
        if number == 0 and isinstance(layer.attn_norm, torch.nn.Identity):
            layer.attn.Wqkv.weight /= _LOUD
        for module in (layer.attn.Wo, layer.mlp.Wo):
            for parameter in module.parameters():
                parameter *= _LOUD
    model.config.norm_eps *= _LOUD**2
