"""From what heads give to answers: legal tags, spans and probabilities, without torch."""

from mtl.decoding.entities import Entity, entities_of
from mtl.decoding.output import ModelOutput, Request
from mtl.decoding.probabilities import sigmoid, softmax
from mtl.decoding.tagging import Decoded, TagDecoder
from mtl.decoding.thresholds import best_thresholds, chosen

__all__ = [
    "Decoded",
    "Entity",
    "ModelOutput",
    "Request",
    "TagDecoder",
    "best_thresholds",
    "chosen",
    "entities_of",
    "sigmoid",
    "softmax",
]
