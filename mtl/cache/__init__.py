"""Vectors computed once and read back from disk."""

from mtl.cache.store import ActivationKind, CachedActivations, RaggedRows, RaggedStore

__all__ = ["ActivationKind", "CachedActivations", "RaggedRows", "RaggedStore"]
