"""From texts and words to sub-word tokens: lists first, then padded tensors."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from transformers import PreTrainedTokenizerBase

from mtl.text import Span, same_length_lower


@dataclass(frozen=True, slots=True)
class TokenizedText:
    """The tokens of one text, special ones included.

    `offsets` has the characters of each token, `(0, 0)` for special ones; `first_tokens` has the
    position of the first token of each word, -1 for a word that was cut; `cut_at` is the offset of
    the first character that did not fit, or None. `states` `(T, H)` are the hidden states at the
    encoder's boundary where they are known, `summary` `(1 + W, H)` what heads read of a frozen backbone: the pooled
    vector, then the state of each word's first token (`K * H` numbers each where a head mixes K layers); `anchor`
    `(H,)` is the embedding by the untouched backbone where training is to stay near it.
    """

    ids: tuple[int, ...]
    type_ids: tuple[int, ...]
    offsets: tuple[tuple[int, int], ...]
    cut_at: int | None
    first_tokens: tuple[int, ...] = ()
    states: NDArray[np.float16] | None = field(default=None, compare=False)
    summary: NDArray[np.float16] | None = field(default=None, compare=False)
    anchor: NDArray[np.float32] | None = field(default=None, compare=False)

    def __len__(self) -> int:
        return len(self.ids)

    def with_words(self, words: Sequence[Span]) -> "TokenizedText":
        """The same tokens with the first token of each of these words."""
        return replace(self, first_tokens=_first_tokens(self.offsets, words))


@dataclass(frozen=True, slots=True)
class TokenBatch:
    """Padded tokens: `ids`, `mask`, `type_ids` are `(B, T)`; `first_tokens` and `word_mask` are `(B, W)`.

    `states` `(B, T, H)` float32 are the hidden states at the encoder's boundary, or None for a pass from the bottom;
    `summaries` `(B, 1 + W, H)` float32 spare the pass altogether, and `first_tokens` then count words;
    `anchors` `(B, H)` are the embeddings by the untouched backbone, or None.
    """

    ids: Tensor
    mask: Tensor
    type_ids: Tensor
    first_tokens: Tensor
    word_mask: Tensor
    states: Tensor | None = None
    summaries: Tensor | None = None
    anchors: Tensor | None = None

    def to(self, device: torch.device) -> "TokenBatch":
        """The batch on a device."""
        present = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) is not None}
        return replace(self, **{name: value.to(device) for name, value in present.items()})


class Tokenizer:
    """A fast tokenizer with the backbone's maximum length.

    Args:
        backend: a tokenizer of transformers that gives offsets.
        max_length: tokens of a text, special ones included.
        lower_case: whether texts are lower-cased first (some sentence-transformers models ask for it).
    """

    def __init__(self, backend: PreTrainedTokenizerBase, *, max_length: int, lower_case: bool = False) -> None:
        self.backend = backend
        self.max_length = max_length
        self.lower_case = lower_case
        self.pad_id = int(backend.pad_token_id if backend.pad_token_id is not None else 0)

    def __call__(self, texts: Sequence[str]) -> list[TokenizedText]:
        """Tokenise texts; what does not fit into the maximum length is cut and said so."""
        if not texts:
            return []
        # Lower-casing may change a string's length, and then its offsets would be wrong.
        given = [same_length_lower(text) for text in texts] if self.lower_case else list(texts)
        encoded = self.backend(
            given,
            truncation=True,
            max_length=self.max_length,
            return_offsets_mapping=True,
            return_token_type_ids=True,
            return_attention_mask=False,
            verbose=False,
        )
        return [
            TokenizedText(tuple(ids), tuple(types), tuple(offsets), _cut_at(text, offsets, len(ids), self.max_length))
            for text, ids, types, offsets in zip(
                given, encoded["input_ids"], encoded["token_type_ids"], encoded["offset_mapping"], strict=True
            )
        ]

    def pad(self, texts: Sequence[TokenizedText]) -> TokenBatch:
        """One batch of tokenised texts, padded on the right to the longest."""
        first = pad_rows([text.first_tokens for text in texts], -1)
        rows, words = first.shape
        ids = pad_rows([text.ids for text in texts], self.pad_id)
        mask = pad_rows([(1,) * len(text) for text in texts], 0)
        type_ids = pad_rows([text.type_ids for text in texts], 0)
        states = _padded([text.states for text in texts], ids.shape[1])
        summaries = _padded([text.summary for text in texts], 1 + words)
        at = first.clamp(min=0) if summaries is None else torch.arange(words).expand(rows, words)
        return TokenBatch(ids, mask, type_ids, at, first >= 0, states, summaries, _anchors(texts))


def pad_rows(rows: Sequence[Sequence[int]], value: int) -> Tensor:
    """Whole numbers `(N, L)` of rows of different lengths, filled up on the right; L is at least 1."""
    lengths = np.fromiter(map(len, rows), np.int64, len(rows))
    inside = np.arange(max(1, lengths.max(initial=0))) < lengths[:, None]
    padded = np.full(inside.shape, value, dtype=np.int64)
    padded[inside] = np.fromiter(chain.from_iterable(rows), np.int64, lengths.sum())
    return torch.from_numpy(padded)


def _padded(rows: Sequence[NDArray[np.float16] | None], length: int) -> Tensor | None:
    known = [row for row in rows if row is not None]
    if len(known) != len(rows):
        return None
    padded = np.zeros((len(rows), length, known[0].shape[1]), dtype=np.float16)
    for row, values in enumerate(known):
        padded[row, : len(values)] = values
    return torch.from_numpy(padded).float()


def _anchors(texts: Sequence[TokenizedText]) -> Tensor | None:
    known = [text.anchor for text in texts if text.anchor is not None]
    return torch.from_numpy(np.stack(known)) if len(known) == len(texts) else None


def _first_tokens(offsets: Sequence[tuple[int, int]], words: Sequence[Span]) -> tuple[int, ...]:
    """For each word the first token that overlaps it; words are in order, tokens too."""
    result: list[int] = []
    token, count = 0, len(offsets)
    for word in words:
        while token < count and (offsets[token][1] <= word.start or offsets[token][0] == offsets[token][1]):
            token += 1
        result.append(token if token < count and offsets[token][0] < word.end else -1)
    return tuple(_bridge(result))


def _bridge(first: list[int]) -> list[int]:
    """Give a word that the tokenizer dropped (a control character) its neighbour's token.

    So only words that were cut stay -1, and these all stand at the end.
    """
    known = [i for i, token in enumerate(first) if token >= 0]
    if known:
        previous = first[known[0]]
        for i in range(known[-1]):
            previous = first[i] = first[i] if first[i] >= 0 else previous
    return first


def _cut_at(text: str, offsets: Sequence[tuple[int, int]], tokens: int, max_length: int) -> int | None:
    if tokens < max_length:
        return None
    read = max((end for _, end in offsets), default=0)
    rest = text[read:]
    return read + len(rest) - len(rest.lstrip()) if rest.strip() else None
