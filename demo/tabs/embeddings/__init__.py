"""The Embeddings tab: maps, neighbours and export of embeddings."""

from demo.tabs.embeddings.tab import build_embeddings_tab

__all__ = ["build_embeddings_tab"]
