"""From what heads give to answers: legal tags, spans and probabilities, without torch."""

from mtl.decoding.entities import Entity, entities_of
from mtl.decoding.output import ModelOutput, Request
from mtl.decoding.probabilities import softmax
from mtl.decoding.tagging import Decoded, TagDecoder

__all__ = ["Decoded", "Entity", "ModelOutput", "Request", "TagDecoder", "entities_of", "softmax"]
