"""Whether a text is unlike all that a head has learned from: a compact summary of its training embeddings."""

from mtl.outside.scoring import OutsideScore, OutsideScorer
from mtl.outside.storing import SUMMARIES_FILE, read_summaries, write_summaries
from mtl.outside.summary import LEAST_TEXTS, Summary, summarize

__all__ = [
    "LEAST_TEXTS",
    "SUMMARIES_FILE",
    "OutsideScore",
    "OutsideScorer",
    "Summary",
    "read_summaries",
    "summarize",
    "write_summaries",
]
