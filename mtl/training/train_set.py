"""The training examples of a task as windows and targets, and batches of them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtl.cache import CachedActivations
from mtl.data import Example, LabelledText, ScoredPair, TaggedText, texts_of
from mtl.encoder import TokenBatch, token_batch
from mtl.recipe.choices import Decoder, TaskKind
from mtl.task import TaskInfo
from mtl.text import WordOffsets, word_offsets
from mtl.text.batching import Integers, padded, segments
from mtl.text.tokenized import TokenizedTexts
from mtl.text.windows import WindowTokenizer

IGNORED = -100
"""Target of a label that the head lacks, and of words that are not there."""


@dataclass(frozen=True)
class TrainSet:
    """E examples of one task.

    An example of classification is a window, with the class of its text; of tagging a sentence, in one window or more
    that follow each other; of similarity a pair of texts. So a batch is bounded however long the texts are.

    `windows[starts[e] : starts[e + 1]]` are the windows of example e. `targets` are classes `(E,)`, scores `(E,)`, or
    the tag of every word of every window, as `texts` has them.
    """

    task: TaskInfo
    texts: TokenizedTexts
    windows: Integers
    starts: Integers
    targets: NDArray[Any]

    def __len__(self) -> int:
        return len(self.starts) - 1

    @cached_property
    def lengths(self) -> list[int]:
        """Tokens that each example takes in a batch, padding between its own windows included."""
        longest = np.maximum.reduceat(self.texts.lengths[self.windows], self.starts[:-1]) if len(self) else np.zeros(0)
        return [int(length) for length in longest * np.diff(self.starts)]

    def windows_of(self, rows: Sequence[int]) -> Integers:
        """The windows of some examples, one example after the other."""
        at = np.asarray(rows, dtype=np.int64)
        return self.windows[segments(self.starts[at], self.starts[at + 1] - self.starts[at])]

    @property
    def tokens(self) -> int:
        """Tokens of all examples."""
        return int(self.texts.lengths[self.windows].sum())

    @property
    def is_split(self) -> bool:
        """Whether a text has several windows."""
        return bool((self.texts.window_counts > 1).any())


@dataclass(frozen=True, slots=True)
class TrainBatch:
    """A batch of one task.

    `targets` are `(B,)` classes, `(B, W)` tags, or the scores of pairs, whose texts are the first and second half of
    the embeddings. `shares` `(B,)` is how much a window counts of its text, None where each is a whole text;
    `sentences` is what `TaggingHead.loss` takes. `anchors` `(B, H)` are the pooled vectors of the windows by the
    untouched backbone. `token_count` leaves padding out.
    """

    task: str
    tokens: TokenBatch
    targets: Tensor
    token_count: int
    shares: Tensor | None = None
    sentences: Tensor | None = None
    anchors: Tensor | None = None

    def to(self, device: torch.device) -> "TrainBatch":
        """The batch on a device."""
        moved = {
            name: value.to(device)
            for name in ("targets", "shares", "sentences", "anchors")
            if (value := getattr(self, name)) is not None
        }
        return replace(self, tokens=self.tokens.to(device), **moved)


def train_set(task: TaskInfo, examples: Sequence[Example], tokenizer: WindowTokenizer) -> TrainSet:
    """Tokenise the training data of a task; tagged texts are split by `mtl.text.split_words`, as in use."""
    if task.kind is TaskKind.TAGGING:
        return _tagging(task, [e.units() for e in examples if isinstance(e, TaggedText)], tokenizer)
    texts = tokenizer.store([text for example in examples for text in texts_of(example)])
    counts = texts.window_counts
    windows = segments(texts.passages[:, 0], counts)
    if task.kind is TaskKind.SIMILARITY:
        scores = np.array([e.score for e in examples if isinstance(e, ScoredPair)], dtype=np.float32)
        return TrainSet(task, texts, windows, _starts(counts[0::2] + counts[1::2]), scores)
    classes = {label: i for i, label in enumerate(task.labels)}
    targets = np.array([classes.get(e.label, IGNORED) for e in examples if isinstance(e, LabelledText)], dtype=np.int64)
    return TrainSet(task, texts, windows, np.arange(len(windows) + 1), np.repeat(targets, counts))


def _tagging(task: TaskInfo, examples: Sequence[TaggedText], tokenizer: WindowTokenizer) -> TrainSet:
    classes = task.tags.index()
    words: list[WordOffsets] = [word_offsets(e.worded.words) for e in examples]
    texts = tokenizer.store([e.text for e in examples], words)
    # Words that were cut stand at the end of a text: the tags of those that are read, text by text.
    read = np.add.reduceat(np.append(texts.word_counts, 0), texts.sentences.ravel())[0::2] if examples else ()
    tags = [classes.get(tag, IGNORED) for e, count in zip(examples, read, strict=True) for tag in e.tags[:count]]
    windows = segments(texts.sentences[:, 0], texts.sentences[:, 1] - texts.sentences[:, 0])
    begins = np.flatnonzero(~texts.follows[windows])
    return TrainSet(task, texts, windows, np.append(begins, len(windows)), np.array(tags, dtype=np.int64))


def make_batch(
    data: TrainSet,
    rows: Sequence[int],
    *,
    cached: CachedActivations | None = None,
    anchors: NDArray[np.float32] | None = None,
) -> TrainBatch:
    """The tensors of some examples.

    Args:
        data: the task's examples.
        rows: which of them.
        cached: activations of the windows of `data.texts`.
        anchors: `(K, H)`, the pooled vectors of these windows by the untouched backbone.
    """
    at = np.asarray(rows, dtype=np.int64)
    counts = data.starts[at + 1] - data.starts[at]
    windows = data.windows_of(rows)
    batch = data.texts.batch(windows)
    tokens = token_batch(batch, cached)
    targets = _targets(data, at, windows, width=tokens.word_mask.shape[1])
    made = TrainBatch(data.task.name, tokens, targets, int(data.texts.lengths[windows].sum()))
    if anchors is not None:
        made = replace(made, anchors=torch.from_numpy(anchors[windows]))
    if data.task.kind is TaskKind.SIMILARITY:
        return replace(made, tokens=_of_pairs(tokens, data, at, windows))
    if data.task.kind is TaskKind.CLASSIFICATION and data.is_split:
        return replace(made, shares=torch.from_numpy(data.texts.shares[windows]))
    if data.task.head.decoder is Decoder.CRF and len(windows) > len(at):
        return replace(made, sentences=torch.from_numpy(_sentences(batch.word_counts, counts)))
    return made


def _targets(data: TrainSet, at: Integers, windows: Integers, *, width: int) -> Tensor:
    if data.task.kind is not TaskKind.TAGGING:
        return torch.from_numpy(data.targets[at])
    arrays = data.texts.stored
    counts = arrays.word_counts[windows]
    tags = data.targets[segments(arrays.word_starts[windows], counts)]
    return torch.from_numpy(padded(tags, counts, fill=IGNORED)[:, :width])


def _of_pairs(tokens: TokenBatch, data: TrainSet, at: Integers, windows: Integers) -> TokenBatch:
    """The batch with the text of each window, those of the first sides before those of the second, and its share."""
    counts = data.texts.window_counts.reshape(-1, 2)[at]
    sides = np.stack([np.arange(len(at)), np.arange(len(at)) + len(at)], axis=1)
    texts = torch.from_numpy(np.repeat(sides.ravel(), counts.ravel()))
    return replace(tokens, texts=texts, shares=torch.from_numpy(data.texts.shares[windows]))


def _sentences(word_counts: Integers, windows: Integers) -> Integers:
    """Positions `(S, W)` in the flattened words of all windows, for sentences of so many windows each."""
    width = max(1, int(word_counts.max()))
    flat = segments(np.arange(len(word_counts)) * width, word_counts)
    counts = np.add.reduceat(word_counts, _starts(windows)[:-1])
    return padded(flat, counts, fill=-1)


def _starts(counts: Integers) -> Integers:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
