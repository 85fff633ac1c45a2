"""Words and sub-word tokens of windows, matched by their characters and kept as flat arrays."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from tokenizers import Encoding

from mtl.text.batching import Batch, Integers, padded, segments
from mtl.text.words import WordOffsets

_APART = 1 << 40  # characters; the windows of a batch are searched in one sorted array, far from each other


@dataclass(frozen=True)
class WindowArrays:
    """K windows of tokens, one after the other.

    Window k has the tokens `ids[token_starts[k] : token_starts[k + 1]]` and the words
    `first_tokens[word_starts[k] : word_starts[k + 1]]`; a first token counts from the start of its window.
    `type_ids` is None where all are 0.
    """

    ids: NDArray[np.int32]
    type_ids: NDArray[np.int8] | None
    token_starts: Integers
    first_tokens: NDArray[np.int32]
    word_starts: Integers

    @property
    def token_counts(self) -> Integers:
        """`(K,)` tokens of each window."""
        return np.diff(self.token_starts)

    @property
    def word_counts(self) -> Integers:
        """`(K,)` words of each window."""
        return np.diff(self.word_starts)

    def select(self, rows: Integers) -> "WindowArrays":
        """Some of the windows, in this order."""
        token_counts = self.token_starts[rows + 1] - self.token_starts[rows]  # of these alone: there may be millions
        word_counts = self.word_starts[rows + 1] - self.word_starts[rows]
        tokens = segments(self.token_starts[rows], token_counts)
        words = segments(self.word_starts[rows], word_counts)
        types = self.type_ids[tokens] if self.type_ids is not None else None
        return WindowArrays(
            self.ids[tokens], types, _starts(token_counts), self.first_tokens[words], _starts(word_counts)
        )

    def batch(self, rows: Integers, *, pad_id: int) -> Batch:
        """All windows padded on the right; `rows` are their numbers."""
        token_counts, word_counts = self.token_counts, self.word_counts
        ids = padded(self.ids, token_counts, fill=pad_id)
        mask = (np.arange(ids.shape[1]) < token_counts[:, None]).astype(np.int64)
        types = np.zeros_like(ids) if self.type_ids is None else padded(self.type_ids, token_counts, fill=0)
        return Batch(rows, ids, mask, types, padded(self.first_tokens, word_counts, fill=0), word_counts)


def align(
    encodings: Sequence[Encoding], words: Sequence[WordOffsets] | None, last: Sequence[bool], *, types: bool
) -> WindowArrays:
    """Windows as arrays, with the first token of each of their words.

    A word that the tokenizer dropped (a control character) gets the token of the word before it, or of the first word
    that has one. Where a window is the `last` of its text, words after its last token are left out: they were cut off.

    Args:
        encodings: one a window.
        words: of each window, in offsets of its encoding; None where no words are read.
        last: whether a window is the last of its text.
        types: whether the tokens have segments other than 0.
    """
    counts = np.fromiter(map(len, encodings), np.int64, len(encodings))
    starts, total = _starts(counts), int(counts.sum())
    ids = np.fromiter(chain.from_iterable(e.ids for e in encodings), np.int32, total)
    segment = np.fromiter(chain.from_iterable(e.type_ids for e in encodings), np.int8, total) if types else None
    if words is None:
        return WindowArrays(ids, segment, starts, np.zeros(0, np.int32), np.zeros(len(encodings) + 1, np.int64))
    flat = chain.from_iterable(chain.from_iterable(e.offsets for e in encodings))
    offsets = np.fromiter(flat, np.int64, 2 * total).reshape(-1, 2)
    word_counts = np.fromiter(map(len, words), np.int64, len(words))
    first = _first_tokens(offsets, starts, np.concatenate(words) if len(words) else offsets[:0], word_counts)
    if (first < 0).any():
        first, word_counts = _filled(first, word_counts, last)
    return WindowArrays(ids, segment, starts, first.astype(np.int32), _starts(word_counts))


def _first_tokens(offsets: Integers, starts: Integers, words: WordOffsets, word_counts: Integers) -> Integers:
    """For each word the first token that shares a character with it, from the start of its window; -1 for none."""
    window_of_token = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    window_of_word = np.repeat(np.arange(len(word_counts)), word_counts)
    real = np.flatnonzero(offsets[:, 0] < offsets[:, 1])
    if not len(real):
        return np.full(len(words), -1, dtype=np.int64)
    ends = np.maximum.accumulate(offsets[real, 1] + window_of_token[real] * _APART)
    found = np.searchsorted(ends, words[:, 0] + window_of_word * _APART, side="right")
    token = real[np.minimum(found, len(real) - 1)]
    shares = (window_of_token[token] == window_of_word) & (offsets[token, 0] < words[:, 1]) & (found < len(real))
    return np.where(shares, token - starts[window_of_word], -1)


def _filled(first: Integers, word_counts: Integers, last: Sequence[bool]) -> tuple[Integers, Integers]:
    """Without -1: words get a neighbour's token or, at the end of a text, are left out."""
    parts = []
    for part, is_last in zip(np.split(first, np.cumsum(word_counts)[:-1]), last, strict=True):
        known = np.flatnonzero(part >= 0)
        if len(known):
            before = np.maximum.accumulate(np.where(part >= 0, np.arange(len(part)), known[0]))
            parts.append(part[before][: known[-1] + 1 if is_last else len(part)])
        else:
            parts.append(np.zeros(0 if is_last else len(part), dtype=np.int64))
    return np.concatenate(parts), np.fromiter(map(len, parts), np.int64, len(parts))


def _starts(counts: Integers) -> Integers:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])
