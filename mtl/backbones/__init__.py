"""Files of backbones: found, verified and read without torch."""

from mtl.backbones.source import BackboneSource, find_backbone

__all__ = ["BackboneSource", "find_backbone"]
