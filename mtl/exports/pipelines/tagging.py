"""A tagging head in the stock token classifier of its architecture."""

import copy
from typing import Any

from transformers import AutoModelForTokenClassification, PreTrainedModel

from mtl.encoder import Encoder
from mtl.encoder.parts import stack_name
from mtl.exports.pipelines.as_bert import as_bert
from mtl.exports.pipelines.classification import stock_model
from mtl.exports.pipelines.last_layer import ARCHITECTURES, add_layer
from mtl.exports.pipelines.layers import HeadLayers, NotHeldError, fill, layers_of
from mtl.exports.pipelines.modernbert import fill_modernbert
from mtl.model import MultiTaskModel


def tagger_of(model: MultiTaskModel, task: str) -> PreTrainedModel:
    """A stock model for token classification whose logits are the emissions of the head.

    Raises:
        NotHeldError: there is none.
    """
    info, head = model.tasks[task], layers_of(model, task)
    if info.head.layers == "mix":
        raise NotHeldError("the token classifiers of transformers read the last layer, not a mix of all")
    layer = info.head.layers
    encoder = _up_to(model.encoder, layer) if isinstance(layer, int) else model.encoder.model
    if encoder.config.model_type == "modernbert":
        found = stock_model(AutoModelForTokenClassification, encoder, head.output.size)
        fill_modernbert(found, head)
        return found
    if not head.hidden:
        found = _stock(encoder, head)
        fill(_classifier(found), head.output.weight, head.output.bias)
        return found
    encoder = copy.deepcopy(as_bert(encoder))
    if len(head.hidden) > 1 or encoder.config.model_type not in ARCHITECTURES:
        raise NotHeldError("the token classifiers of transformers have no hidden layers")
    add_layer(encoder, mean=False, inner=(head.hidden[0], head.output))
    found = _stock(encoder, head)
    same = head.output.bias.new_ones(head.output.size).diag()
    fill(_classifier(found), same)
    return found


def _up_to(encoder: Encoder, layer: int) -> PreTrainedModel:
    """The backbone without the layers above one, whose states are then its last."""
    if encoder.parts().top and layer + 1 < encoder.states_count:
        raise NotHeldError("the token classifiers of transformers read a norm after the last layer, not a layer below")
    groups = getattr(encoder.model.config, "num_hidden_groups", 0)
    if groups > 1:
        raise NotHeldError("groups of layers that share weights would be others without the layers above")
    found = copy.deepcopy(encoder.model)
    if not groups:
        del found.get_submodule(stack_name(found))[layer:]
    found.config.num_hidden_layers = layer
    return found


def _stock(encoder: PreTrainedModel, head: HeadLayers) -> PreTrainedModel:
    try:
        return stock_model(AutoModelForTokenClassification, encoder, head.output.size)
    except ValueError as error:
        kind = encoder.config.model_type
        raise NotHeldError(f"transformers has no token classifier for {kind}") from error


def _classifier(model: Any) -> Any:  # noqa: ANN401
    return model.classifier
