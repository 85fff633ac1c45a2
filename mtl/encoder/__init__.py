"""Backbones: found, verified, loaded, tokenised and pooled."""

from mtl.encoder.encoder import Encoded, Encoder, LoadedBackbone, load_backbone
from mtl.encoder.parts import BackboneParts
from mtl.encoder.source import BackboneSource, find_backbone
from mtl.encoder.tokens import TokenBatch, TokenizedText, Tokenizer

__all__ = [
    "BackboneParts",
    "BackboneSource",
    "Encoded",
    "Encoder",
    "LoadedBackbone",
    "TokenBatch",
    "TokenizedText",
    "Tokenizer",
    "find_backbone",
    "load_backbone",
]
