"""Backbones: found, verified, loaded, tokenised and pooled.

The names load on first use: where a backbone is can be asked without torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mtl.encoder.activations import ActivationCache
    from mtl.encoder.batch import TokenBatch, token_batch
    from mtl.encoder.encoder import Encoded, Encoder, LoadedBackbone, load_backbone
    from mtl.encoder.parts import BackboneParts
    from mtl.encoder.source import BackboneSource, find_backbone

__all__ = [
    "ActivationCache",
    "BackboneParts",
    "BackboneSource",
    "Encoded",
    "Encoder",
    "LoadedBackbone",
    "TokenBatch",
    "find_backbone",
    "load_backbone",
    "token_batch",
]

_PLACES = {
    "ActivationCache": "activations",
    "BackboneParts": "parts",
    "BackboneSource": "source",
    "Encoded": "encoder",
    "Encoder": "encoder",
    "LoadedBackbone": "encoder",
    "TokenBatch": "batch",
    "find_backbone": "source",
    "load_backbone": "encoder",
    "token_batch": "batch",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401
    if name not in _PLACES:
        raise AttributeError(f"module 'mtl.encoder' has no attribute {name!r}")
    return getattr(import_module(f"mtl.encoder.{_PLACES[name]}"), name)
