"""The Embeddings tab: sentences in; maps, neighbours and files out."""

from demo.tabs.embeddings.tab import build

__all__ = ["build"]
