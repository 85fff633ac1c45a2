"""Whether a text is unlike all that a head has learned from: a compact summary of its training embeddings."""

from mtl.outside.summary import LEAST_TEXTS, Summary, summarize

__all__ = ["LEAST_TEXTS", "Summary", "summarize"]
