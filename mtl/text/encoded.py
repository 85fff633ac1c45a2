"""Windows as encodings of the library `tokenizers`, turned into arrays when they are read.

A pass reads the windows of a batch while the batch before is running.
"""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from tokenizers import Encoding

from mtl.text.alignment import WindowArrays, align
from mtl.text.batching import Integers
from mtl.text.tokenized import TokenizedTexts
from mtl.text.words import WordOffsets

Range = tuple[int, int]
_NO_WORDS = np.zeros((0, 2), dtype=np.int64)


class EncodedWindows:
    """Collects windows text by text; `types` says whether tokens have segments other than 0."""

    def __init__(self, words: Sequence[WordOffsets] | None, *, types: bool) -> None:
        self._words = words
        self._types = types
        self._encodings: list[Encoding] = []
        self._begins: list[int] = []  # where the characters of a window begin in its text
        self._texts: list[int] = []
        self._follows: list[bool] = []
        self._passages: list[Range] = []  # by text
        self._sentences: list[Range] = []  # by text, the windows that its words are read in
        self._shared_out: dict[int, list[WordOffsets]] = {}  # by text of several windows, the words of each window

    def add(self, encodings: Sequence[Encoding]) -> None:
        """The passages of the next text; words are read in them as long as no sentences are added."""
        text = len(self._passages)
        self._passages.append(self._extend(text, [(encoding, 0, bool(i)) for i, encoding in enumerate(encodings)]))
        self._sentences.append(self._passages[text])

    def add_sentences(self, sentences: Sequence[tuple[Encoding, int, bool]]) -> None:
        """Windows for the words of the text added last: encoding, first character, whether a sentence goes on."""
        self._sentences[-1] = self._extend(len(self._passages) - 1, sentences)

    def _extend(self, text: int, windows: Sequence[tuple[Encoding, int, bool]]) -> Range:
        begin = len(self._encodings)
        for encoding, start, follows in windows:
            self._encodings.append(encoding)
            self._begins.append(start)
            self._follows.append(follows)
            self._texts.append(text)
        return begin, len(self._encodings)

    def texts(self, cut_at: dict[int, int], *, shared: int, pad_id: int) -> TokenizedTexts:
        """All texts; `shared` counts the tokens that a further passage has in common with the one before."""
        lengths = np.fromiter(map(len, self._encodings), np.int64, len(self._encodings))
        bounds = np.array(self._passages, dtype=np.int64).reshape(-1, 2)
        owned = np.zeros_like(lengths)
        for begin, end in bounds[bounds[:, 1] - bounds[:, 0] > 1]:
            owned[begin:end] = np.maximum(1, lengths[begin:end] - shared)
        owned[bounds[:, 0]] = lengths[bounds[:, 0]]
        follows = np.array(self._follows, dtype=bool)
        words = np.array(self._sentences, dtype=np.int64).reshape(-1, 2)
        return TokenizedTexts(bounds, words, lengths, owned, follows, cut_at, self, pad_id)

    def select(self, rows: Integers) -> WindowArrays:
        """Some of the windows as arrays."""
        numbers = rows.tolist()
        encodings = [self._encodings[row] for row in numbers]
        if self._words is None:
            return align(encodings, None, (), types=self._types)
        last = [row + 1 == self._sentences[self._texts[row]][1] for row in numbers]
        return align(encodings, [self._words_in(row) for row in numbers], last, types=self._types)

    def _words_in(self, row: int) -> WordOffsets:
        assert self._words is not None
        text = self._texts[row]
        begin, end = self._sentences[text]
        if not begin <= row < end:
            return _NO_WORDS
        if end - begin == 1:
            return self._words[text] - self._begins[row]
        if text not in self._shared_out:
            self._shared_out[text] = self._share_out(self._words[text], begin, end)
        return self._shared_out[text][row - begin]

    def _share_out(self, words: WordOffsets, begin: int, end: int) -> list[WordOffsets]:
        """Each word to its sentence, in a sentence of several windows up to the middle of what two of them share."""
        seams = [self._seam(before, after) for before, after in pairwise(range(begin, end))]
        starts = words[:, 0].tolist()
        bounds = [0, *(bisect_left(starts, seam) for seam in seams), len(words)]
        return [
            words[first:stop] - self._begins[row]
            for row, (first, stop) in zip(range(begin, end), pairwise(bounds), strict=True)
        ]

    def _seam(self, before: int, after: int) -> int:
        """The character from which on words are read in the second of two windows."""
        return (self._last(before) + self._first(after)) // 2 if self._follows[after] else self._begins[after]

    def _first(self, row: int) -> int:
        """Where the first character of a window is; the end of the window where it has none but blanks."""
        real = (self._begins[row] + start for start, end in self._encodings[row].offsets if end > start)
        return next(real, self._last(row))

    def _last(self, row: int) -> int:
        return self._begins[row] + max(end for _, end in self._encodings[row].offsets)
