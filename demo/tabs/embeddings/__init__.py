"""The Embeddings tab: sentences in; maps, neighbours and files out."""

from demo.tabs.embeddings.tab import build_embeddings_tab

__all__ = ["build_embeddings_tab"]
