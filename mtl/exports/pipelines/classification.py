"""A classification head in the stock classifier of its architecture."""

import copy
from typing import Any

import torch
from torch import nn
from transformers import AutoModelForSequenceClassification, PreTrainedModel

from mtl.checkpoint.stock_heads import STOCK_HEADS, StockHead
from mtl.exports.pipelines.as_bert import as_bert
from mtl.exports.pipelines.last_layer import ARCHITECTURES, add_layer
from mtl.exports.pipelines.layers import TINY, Dense, HeadLayers, NotHeldError, fill, layers_of
from mtl.exports.pipelines.modernbert import fill_modernbert
from mtl.model import MultiTaskModel
from mtl.recipe.choices import Activation, Pooling

_CERTAIN = 100.0


def classifier_of(model: MultiTaskModel, task: str) -> PreTrainedModel:
    """A stock model for sequence classification whose logits are those of the head.

    Raises:
        NotHeldError: there is none.
    """
    pooling, head = model.encoder.pooling, layers_of(model, task)
    if head.output.size == 1 and not model.tasks[task].multi_label:  # a pipeline reads one logit as that of a sigmoid
        certain = Dense(head.output.weight * 0, head.output.bias * 0 + _CERTAIN)
        head = HeadLayers(head.hidden, certain, head.norm)
    if pooling not in (Pooling.MEAN, Pooling.CLS):
        raise NotHeldError(
            f"the classifiers of transformers read the first token or a mean, not what the pooling {pooling} gives"
        )
    encoder = as_bert(model.encoder.model)
    kind = encoder.config.model_type
    if kind == "modernbert":
        found = stock_model(AutoModelForSequenceClassification, encoder, len(model.tasks[task].labels))
        found.config.classifier_pooling = pooling.value
        fill_modernbert(found, head)
        return found
    if kind not in STOCK_HEADS:
        raise NotHeldError(f"no classifier of transformers for {kind} is known here that reads one vector of a text")
    return _with_stock_head(encoder, STOCK_HEADS[kind], head, mean=pooling is Pooling.MEAN)


def stock_model(auto: Any, encoder: PreTrainedModel, labels: int) -> PreTrainedModel:  # noqa: ANN401
    """A stock model with a fresh head on the weights of an encoder, in eval mode."""
    config = copy.deepcopy(encoder.config)
    config.num_labels = labels
    found: PreTrainedModel = auto.from_config(config, dtype=torch.float32).eval()
    base: nn.Module = getattr(found, found.base_model_prefix)
    lacking = base.load_state_dict(encoder.state_dict(), strict=False).missing_keys
    assert all("pooler" in name for name in lacking), lacking
    return found


def _with_stock_head(encoder: PreTrainedModel, stock: StockHead, head: HeadLayers, *, mean: bool) -> PreTrainedModel:
    hidden, output = head.hidden, head.output
    inner: tuple[Dense, Dense] | None = None
    if hidden and not (len(hidden) == 1 and stock.has(hidden[0].activation)):
        if len(hidden) > 2 or (len(hidden) == 2 and not stock.has(hidden[1].activation)):
            raise NotHeldError(_too_deep(head))
        after = hidden[1] if len(hidden) == 2 else output
        inner = (hidden[0], after)
        same = torch.eye(after.size, dtype=torch.float64)
        if len(hidden) == 2:
            hidden = (Dense(same, same[0] * 0, after.activation),)
        else:
            hidden, output = (), Dense(same, same[0] * 0)
    kind = encoder.config.model_type
    encoder = copy.deepcopy(encoder)
    if mean or inner:
        if kind not in ARCHITECTURES:
            raise NotHeldError(
                f"the classifier of {kind} reads the first token, and no further layer of {kind} can take the mean of "
                "the tokens or run a hidden layer of another activation; the pooling cls with one hidden layer of tanh "
                "can be held"
            )
        add_layer(encoder, mean=mean, inner=inner)
    found = stock_model(AutoModelForSequenceClassification, encoder, output.size)
    if stock.activation is None:
        found.config.pooler_hidden_act = (hidden[0].activation if hidden else Activation.TANH).value  # type: ignore[union-attr]
    dense: Any = found.get_submodule(stock.dense)
    last: Any = found.get_submodule(stock.output)
    if hidden:
        if hidden[0].size > dense.out_features:
            raise NotHeldError(f"at most {dense.out_features} hidden units can be held, were {hidden[0].size}")
        fill(dense, hidden[0].weight, hidden[0].bias)
        fill(last, output.weight, output.bias)
        return found
    if output.size > dense.out_features:
        raise NotHeldError(f"at most {dense.out_features} labels can be held, were {output.size}")
    slope = 0.5 if stock.activation is Activation.GELU else 1.0  # of the activation at zero
    fill(dense, output.weight * TINY, output.bias * TINY)
    fill(last, torch.eye(output.size, dtype=torch.float64) / (TINY * slope))
    return found


def _too_deep(head: HeadLayers) -> str:
    shown = ", ".join(f"{layer.size} {layer.activation}" for layer in head.hidden)
    return (
        f"one hidden layer was expected, or one of the encoder's activation and one of the classifier's, were {shown}"
    )
