"""From what heads give to answers: legal tags, spans and probabilities, without torch."""

from mtl.decoding.entities import Entity, entities_of
from mtl.decoding.output import ModelOutput, Request
from mtl.decoding.probabilities import sigmoid, softmax, tempered
from mtl.decoding.tagging import Decoded, TagDecoder
from mtl.decoding.temperature import Evidence, fit_temperature, tags_at
from mtl.decoding.thresholds import best_thresholds, chosen

__all__ = [
    "Decoded",
    "Entity",
    "Evidence",
    "ModelOutput",
    "Request",
    "TagDecoder",
    "best_thresholds",
    "chosen",
    "entities_of",
    "fit_temperature",
    "sigmoid",
    "softmax",
    "tags_at",
    "tempered",
]
