"""Tokenised texts: which windows belong to which text, and what each window holds."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from mtl.text.alignment import WindowArrays
from mtl.text.batching import Batch, Integers, segments


class WindowSource(Protocol):
    """Where windows come from: arrays, or encodings that become arrays when they are read."""

    def select(self, rows: Integers) -> WindowArrays:
        """Some of the windows."""


@dataclass(frozen=True)
class TokenizedTexts:
    """N texts in K windows.

    The embedding and the classes of a text come from its `passages`. Its words are read in its `sentences`: the same
    window where a text fits into one, else a window for each sentence, because taggers learn on sentences and lose
    much on passages.
    """

    passages: Integers
    """`(N, 2)`: the first window of each text and the window after its last."""
    sentences: Integers
    """`(N, 2)`, as `passages`."""
    lengths: Integers
    """`(K,)`: tokens of each window, special ones included."""
    owned: Integers
    """`(K,)`: tokens of each window that no other window counts; 0 where only words are read."""
    follows: NDArray[np.bool_]
    """`(K,)`: whether a window goes on in the middle of the sentence before it."""
    cut_at: dict[int, int]
    """By text, the offset of the first character that was cut."""
    source: WindowSource
    pad_id: int

    def __len__(self) -> int:
        return len(self.passages)

    @property
    def tokens(self) -> Integers:
        """`(N,)`: tokens of each text; those that windows share count once."""
        counted = np.concatenate([np.zeros(1, np.int64), np.cumsum(self.owned)])
        tokens: Integers = counted[self.passages[:, 1]] - counted[self.passages[:, 0]]
        return tokens

    @property
    def window_counts(self) -> Integers:
        """`(N,)`: passages of each text."""
        counts: Integers = self.passages[:, 1] - self.passages[:, 0]
        return counts

    @cached_property
    def is_split(self) -> bool:
        """Whether a text has several passages."""
        return bool((self.window_counts > 1).any())

    @property
    def stored(self) -> WindowArrays:
        """All windows, of texts that are stored as arrays."""
        assert isinstance(self.source, WindowArrays)
        return self.source

    @property
    def word_counts(self) -> Integers:
        """`(K,)`: words read in each window, of texts that are stored as arrays."""
        return self.stored.word_counts

    def without_words(self) -> "TokenizedTexts":
        """The same windows without words, of texts that are stored as arrays."""
        none = np.zeros_like(self.stored.word_starts)
        return replace(self, source=replace(self.stored, first_tokens=np.zeros(0, np.int32), word_starts=none))

    def windows_of(self, texts: Integers) -> Integers:
        """The passages of some texts, one text after the other."""
        return segments(self.passages[texts, 0], self.window_counts[texts])

    def select(self, texts: Integers) -> "TokenizedTexts":
        """Some of the texts, in this order, with their passages alone and without words; of texts stored as arrays."""
        windows, counts = self.windows_of(texts), self.window_counts[texts]
        ends = np.cumsum(counts)
        passages = np.stack([ends - counts, ends], axis=1)
        source = replace(self.stored.select(windows), first_tokens=np.zeros(0, np.int32))
        return TokenizedTexts(
            passages,
            passages,
            self.lengths[windows],
            self.owned[windows],
            np.zeros(len(windows), np.bool_),
            {i: self.cut_at[text] for i, text in enumerate(texts.tolist()) if text in self.cut_at},
            replace(source, word_starts=np.zeros(len(windows) + 1, np.int64)),
            self.pad_id,
        )

    def batch(self, rows: Sequence[int] | Integers) -> Batch:
        """Some of the windows, padded."""
        chosen = np.asarray(rows, dtype=np.int64)
        return self.source.select(chosen).batch(chosen, pad_id=self.pad_id)

    @cached_property
    def shares(self) -> NDArray[np.float32]:
        """`(K,)`: the weight of each window in the embedding of its text, by the tokens that it owns."""
        shares = (self.owned > 0).astype(np.float32)
        for begin, end in self.passages[self.window_counts > 1]:
            shares[begin:end] = self.owned[begin:end] / self.owned[begin:end].sum()
        return shares
