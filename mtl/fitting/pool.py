"""Features of many texts by a frozen encoder: computed once, so that heads can be fitted on them again and again."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mtl.cache import RaggedRows
from mtl.decoding.probabilities import Floats
from mtl.fitting.objectives import Scaling
from mtl.fitting.window_words import words_of_windows
from mtl.text.batching import Integers, segments
from mtl.text.tokenized import TokenizedTexts
from mtl.text.words import WordOffsets

_SAMPLE = 20_000  # words that decide on the scaling


@dataclass(frozen=True, eq=False)
class PooledWindows:
    """Pooled vectors `(K, H)` of the windows of N texts.

    Text n has those from `starts[n]` to `starts[n + 1]`, each of which counts its share `(K,)`.
    """

    values: Floats
    starts: Integers
    shares: Floats

    def __len__(self) -> int:
        return len(self.starts) - 1

    @cached_property
    def is_split(self) -> bool:
        """Whether a text has several windows."""
        return len(self.values) != len(self)

    def rows_of(self, texts: Integers) -> Integers:
        """The windows of some texts, one text after the other."""
        return segments(self.starts[texts], self.starts[texts + 1] - self.starts[texts]) if self.is_split else texts

    def combined(self, values: Floats, texts: Integers | None = None) -> Floats:
        """`(N, …)` of texts from `(K, …)` of their windows; of all texts, or of some, whose windows alone are given."""
        if not self.is_split:
            return values
        every = np.arange(len(self)) if texts is None else texts
        counts = self.starts[every + 1] - self.starts[every]
        shares = self.shares[self.rows_of(every)].reshape(-1, *[1] * (values.ndim - 1))
        found: Floats = np.add.reduceat(values * shares, np.cumsum(counts) - counts, axis=0)
        return found


@dataclass(frozen=True, eq=False)
class WordStates:
    """States of the words of N texts, mixed over the layers of the encoder.

    Word w has the state `rows.values[at[w]]` and stands at `offsets[w]` of its text. Text n has the words from
    `starts[n]` to `starts[n + 1]`. `begins` says which words begin a sentence that is decoded by itself, `continued`
    which ones go on with the tag of the word before. `mix` has the weight of each state of a token that is mixed.
    """

    rows: RaggedRows
    at: Integers
    starts: Integers
    offsets: NDArray[np.int32]
    begins: NDArray[np.bool_]
    continued: NDArray[np.bool_]
    mix: tuple[float, ...]

    @cached_property
    def scaling(self) -> Scaling:
        """Of the states, from an evenly spaced sample."""
        sample = np.arange(0, len(self.at), max(1, -(-len(self.at) // _SAMPLE)))
        return Scaling.of(self.values(sample))

    def words_of(self, texts: Integers) -> Integers:
        """The words of some texts, one text after the other."""
        return segments(self.starts[texts], self.starts[texts + 1] - self.starts[texts])

    def values(self, words: Integers) -> Floats:
        """The states `(W, H)` of some words."""
        found: Floats = np.asarray(self.rows.values[self.at[words]], dtype=np.float32)
        return found


@dataclass(frozen=True, eq=False)
class FeaturePool:
    """N texts with what heads read of them: pooled vectors, and states of words where tags are wanted.

    Arrays that are large lie in files that are mapped, so 100,000 texts fit beside everything else.
    """

    texts: tuple[str, ...]
    windows: PooledWindows
    words: WordStates | None = None

    def __len__(self) -> int:
        return len(self.texts)

    @cached_property
    def vectors(self) -> Floats:
        """The pooled vector `(N, H)` of each text, the mean of its windows by their shares."""
        return self.windows.combined(self.windows.values)

    @cached_property
    def scaling(self) -> Scaling:
        """Of the pooled vectors."""
        return Scaling.of(self.windows.values, alike=True)

    def text_words(self, text: int) -> WordOffsets:
        """The words `(W, 2)` that were read of a text, in its offsets."""
        assert self.words is not None
        begin, end = self.words.starts[text : text + 2]
        return self.words.offsets[begin:end].astype(np.int64)


def pooled_windows(rows: RaggedRows, texts: TokenizedTexts) -> PooledWindows:
    """The pooled vectors of the passages of texts, copied out of the rows of all windows."""
    passages = segments(texts.passages[:, 0], texts.window_counts)
    values = np.asarray(rows.values[rows.starts[passages]], dtype=np.float32)
    starts = np.concatenate([[0], np.cumsum(texts.window_counts)]).astype(np.int64)
    return PooledWindows(values, starts, texts.shares[passages])


def word_states(
    rows: RaggedRows, texts: TokenizedTexts, offsets: Sequence[WordOffsets], *, mix: tuple[float, ...]
) -> WordStates:
    """The states of the words of texts, which stay in the rows of the windows `(1 + W, H)`; `offsets` of each text."""
    begins, ends = texts.sentences[:, 0], texts.sentences[:, 1]
    windows = segments(begins, ends - begins)
    counts = texts.word_counts[windows]
    found = words_of_windows(texts, rows, windows)
    goes_on = np.repeat(texts.follows[windows], counts)
    read = np.concatenate([[0], np.cumsum(counts)])
    upto = np.concatenate([[0], np.cumsum(ends - begins)])
    starts = read[upto].astype(np.int64)
    each = np.diff(starts)
    kept = [own[:count] for own, count in zip(offsets, each.tolist(), strict=True)]
    flat = np.concatenate(kept) if kept else np.zeros((0, 2))
    return WordStates(rows, found.at, starts, flat.astype(np.int32), found.begins & ~goes_on, found.continued, mix)
