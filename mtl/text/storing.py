"""Tokenised texts as flat arrays, collected part by part."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import TypeVar

import numpy as np

from mtl.scratch import ArrayWriter
from mtl.stopping import check_stop
from mtl.text.alignment import WindowArrays
from mtl.text.tokenized import TokenizedTexts

CHUNK = 4096
"""Texts whose encodings are in memory at a time."""
_Item = TypeVar("_Item")


def in_chunks(items: Iterable[_Item]) -> Iterator[list[_Item]]:
    """Items a few at a time; one empty list of none."""
    left = iter(items)
    check_stop()
    yield list(islice(left, CHUNK))
    while part := list(islice(left, CHUNK)):
        check_stop()
        yield part


class TextsWriter:
    """Collects tokenised texts that are read often: far smaller than encodings, and in files where they are many.

    Errors as `ArrayWriter`.
    """

    def __init__(self) -> None:
        self._passages, self._sentences = ArrayWriter(np.int64), ArrayWriter(np.int64)
        self._lengths, self._owned, self._follows = ArrayWriter(np.int64), ArrayWriter(np.int64), ArrayWriter(np.bool_)
        self._ids, self._types, self._first_tokens = ArrayWriter(np.int32), ArrayWriter(np.int8), ArrayWriter(np.int32)
        self._token_starts, self._word_starts = ArrayWriter(np.int64), ArrayWriter(np.int64)
        self._token_starts.append([0])
        self._word_starts.append([0])
        self._cut_at: dict[int, int] = {}
        self._pad_id = 0

    @property
    def windows(self) -> int:
        """How many windows there are so far."""
        return self._lengths.size

    def add(self, texts: TokenizedTexts) -> TokenizedTexts:
        """Add texts at the end; returns them by themselves, with their windows as arrays."""
        part = replace(texts, source=texts.source.select(np.arange(len(texts.lengths))))
        windows, count = self.windows, self._passages.size // 2
        self._cut_at |= {count + text: cut for text, cut in part.cut_at.items()}
        self._pad_id = part.pad_id
        self._passages.append((part.passages + windows).ravel())
        self._sentences.append((part.sentences + windows).ravel())
        self._lengths.append(part.lengths)
        self._owned.append(part.owned)
        self._follows.append(part.follows)
        arrays = part.stored
        self._token_starts.append(arrays.token_starts[1:] + self._ids.size)
        self._word_starts.append(arrays.word_starts[1:] + self._first_tokens.size)
        self._ids.append(arrays.ids)
        self._first_tokens.append(arrays.first_tokens)
        if arrays.type_ids is not None:
            self._types.append(arrays.type_ids)
        return part

    def finish(self) -> TokenizedTexts:
        """All texts; nothing can be added any more."""
        types = self._types.finish() if self._types.size else None
        ids, token_starts = self._ids.finish(), self._token_starts.finish()
        return TokenizedTexts(
            self._passages.finish().reshape(-1, 2),
            self._sentences.finish().reshape(-1, 2),
            self._lengths.finish(),
            self._owned.finish(),
            self._follows.finish(),
            self._cut_at,
            WindowArrays(ids, types, token_starts, self._first_tokens.finish(), self._word_starts.finish()),
            self._pad_id,
        )
