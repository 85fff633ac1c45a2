"""Where the states of the words of some windows lie among the cached rows of all windows."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtl.cache import RaggedRows
from mtl.text.batching import Integers, segments
from mtl.text.tokenized import TokenizedTexts


@dataclass(frozen=True, eq=False)
class WindowWords:
    """The W words of some windows, one window after the other.

    Word w is the one at `words[w]` of all windows, and its state is `rows.values[at[w]]`. `begins` says which words are
    the first of their window, `continued` which share a token with the word before, as `Batch.continued`; all `(W,)`.
    """

    words: Integers
    at: Integers
    begins: NDArray[np.bool_]
    continued: NDArray[np.bool_]


def words_of_windows(texts: TokenizedTexts, rows: RaggedRows, windows: Integers) -> WindowWords:
    """The words of windows `(K,)` of texts whose rows are `(1 + W, ...)`: the pooled vector, then the words."""
    arrays = texts.stored
    counts = arrays.word_counts[windows]
    words = segments(arrays.word_starts[windows], counts)
    begins = np.zeros(len(words), dtype=bool)
    begins[(np.cumsum(counts) - counts)[counts > 0]] = True
    tokens = arrays.first_tokens[words]
    continued = np.concatenate([[False], tokens[1:] == tokens[:-1]])[: len(words)] & ~begins
    return WindowWords(words, segments(rows.starts[windows] + 1, counts), begins, continued)
