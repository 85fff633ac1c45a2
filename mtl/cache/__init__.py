"""Vectors computed once and read back from disk."""

from mtl.cache.store import RaggedRows, RaggedStore

__all__ = ["RaggedRows", "RaggedStore"]
