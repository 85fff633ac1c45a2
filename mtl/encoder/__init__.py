"""Backbones as modules: loaded, tokenised and pooled; their activations kept."""

from mtl.encoder.activations import ActivationCache
from mtl.encoder.batch import TokenBatch, token_batch
from mtl.encoder.encoder import Encoded, Encoder, LoadedBackbone, load_backbone

__all__ = ["ActivationCache", "Encoded", "Encoder", "LoadedBackbone", "TokenBatch", "load_backbone", "token_batch"]
