"""Training examples as windows and targets, and batches of them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtl.cache import CachedActivations
from mtl.data import Example, TaggedText, texts_of
from mtl.encoder import TokenBatch, token_batch
from mtl.recipe.choices import Decoder, TaskKind, WordSplitting
from mtl.scratch import ArrayWriter
from mtl.task import TaskInfo, is_contrastive
from mtl.text import word_offsets
from mtl.text.batching import Batch, Integers, padded, segments
from mtl.text.storing import TextsWriter, in_chunks
from mtl.text.tokenized import TokenizedTexts
from mtl.text.windows import WindowTokenizer
from mtl.training.pair_texts import PairTextsWriter
from mtl.training.same_texts import grouped
from mtl.training.targets import IGNORED, TargetsWriter


@dataclass(frozen=True)
class TrainSet:
    """E examples of one task, or of tasks that label the same texts and share each pass.

    An example of classification is a window, with the class of its text; of tagging a sentence, in one window or more
    that follow each other; of similarity a pair of texts. So a batch is bounded however long the texts are. Where
    tasks share their texts, an example is a text.

    `windows[starts[e] : starts[e + 1]]` are the windows of example e. The `targets` of a task are the class of every
    window `(K,)`, for multi-label which labels it has `(K, C)`, the tag of every word of every window, as `texts` has
    them, or the score of every pair `(E,)`. Where pairs are compared by their texts, `pair_texts` `(E, 2)` has a number
    for each text of a pair; texts of the same tokens have the same.
    """

    tasks: Mapping[str, TaskInfo]
    texts: TokenizedTexts
    windows: Integers
    starts: Integers
    targets: Mapping[str, NDArray[Any]]
    pair_texts: Integers | None = None

    def __len__(self) -> int:
        return len(self.starts) - 1

    @property
    def groups(self) -> Integers | None:
        """`(E,)`: examples of the same number belong in one batch; None where each stands for itself."""
        return None if self.pair_texts is None else self.pair_texts[:, 0]

    @cached_property
    def lengths(self) -> NDArray[np.int32]:
        """`(E,)`: tokens that each example takes in a batch, padding between its own windows included."""
        longest = np.maximum.reduceat(self.texts.lengths[self.windows], self.starts[:-1]) if len(self) else np.zeros(0)
        return (longest * np.diff(self.starts)).astype(np.int32)

    def windows_of(self, rows: Sequence[int]) -> Integers:
        """The windows of some examples, one example after the other."""
        at = np.asarray(rows, dtype=np.int64)
        return self.windows[segments(self.starts[at], self.starts[at + 1] - self.starts[at])]

    @property
    def tokens(self) -> int:
        """Tokens of all examples."""
        return int(self.texts.lengths[self.windows].sum())


@dataclass(frozen=True, slots=True)
class Targets:
    """What one task wants of a batch.

    `values` are `(B,)` classes, `(B, C)` labels of 0 or 1, `(B, W)` tags, or the scores of pairs, whose texts are the
    first and second half of the embeddings. `shares` `(B,)` is how much a window counts of its text, None where each
    is a whole text; `sentences` is what `TaggingHead.loss` takes, `texts` `(B, 2)` what `SimilarityHead.loss` takes.
    """

    values: Tensor
    shares: Tensor | None = None
    sentences: Tensor | None = None
    texts: Tensor | None = None

    def to(self, device: torch.device) -> "Targets":
        """The targets on a device."""
        others = (None if t is None else t.to(device) for t in (self.shares, self.sentences, self.texts))
        return Targets(self.values.to(device), *others)


@dataclass(frozen=True, slots=True)
class TrainBatch:
    """A batch with the targets of each task.

    `anchors` `(B, H)` are the pooled vectors of the windows by the untouched backbone. `token_count` leaves padding
    out.
    """

    tokens: TokenBatch
    targets: Mapping[str, Targets]
    token_count: int
    anchors: Tensor | None = None

    def to(self, device: torch.device) -> "TrainBatch":
        """The batch on a device."""
        targets = {name: one.to(device) for name, one in self.targets.items()}
        anchors = None if self.anchors is None else self.anchors.to(device)
        return replace(self, tokens=self.tokens.to(device), targets=targets, anchors=anchors)


def train_sets(
    tasks: Mapping[str, TaskInfo],
    examples: Mapping[str, Sequence[Example]],
    tokenizer: WindowTokenizer,
    *,
    joint: bool,
    words: WordSplitting = WordSplitting.CHARACTERS,
) -> dict[str, TrainSet]:
    """Tokenise training data; tagged texts are split by `mtl.text.split_words`, as in use.

    Args:
        tasks: those that train.
        examples: of each.
        tokenizer: of the model.
        joint: whether tasks that label the same texts share each pass.
        words: how those of tagged texts are told.

    Returns:
        By the name of the task, or by those of several with ` + ` between.
    """
    sets = {}
    for group in grouped(tasks, examples, joint=joint, words=words):
        units = {name: _Units(found, words) for name, found in group.items()}
        sets[" + ".join(group)] = _train_set({name: tasks[name] for name in group}, units, tokenizer)
    return sets


@dataclass(frozen=True)
class _Units:
    """Examples whose tagged texts are cut by `mtl.text.split_words`, one at a time."""

    examples: Iterable[Example]
    splitting: WordSplitting

    def __iter__(self) -> Iterator[Example]:
        for example in self.examples:
            yield example.units(self.splitting) if isinstance(example, TaggedText) else example


def _train_set(
    tasks: Mapping[str, TaskInfo], examples: Mapping[str, Iterable[Example]], tokenizer: WindowTokenizer
) -> TrainSet:
    texts, windows, starts = TextsWriter(), ArrayWriter(np.int64), ArrayWriter(np.int64)
    targets = {name: TargetsWriter(task) for name, task in tasks.items()}
    pairs = PairTextsWriter() if any(map(is_contrastive, tasks.values())) else None
    starts.append([0])
    for chunks in zip(*map(in_chunks, examples.values()), strict=True):
        own = dict(zip(examples, chunks, strict=True))
        before = texts.windows
        part = texts.add(_tokenized(next(iter(own.values())), own, tokenizer))
        for name, writer in targets.items():
            writer.add(own[name], part)
        if pairs is not None:
            pairs.add(part)
        found, counts = _layout(tasks, part)
        starts.append(np.cumsum(counts) + windows.size)
        windows.append(found + before)
    found_targets = {name: writer.finish() for name, writer in targets.items()}
    pair_texts = None if pairs is None else pairs.finish()
    return TrainSet(tasks, texts.finish(), windows.finish(), starts.finish(), found_targets, pair_texts)


def _tokenized(
    first: Sequence[Example], examples: Mapping[str, Sequence[Example]], tokenizer: WindowTokenizer
) -> TokenizedTexts:
    """The texts of one task, with the words of the first task that has them."""
    tagged = [[e for e in found if isinstance(e, TaggedText)] for found in examples.values()]
    words = next(([word_offsets(e.worded.words) for e in found] for found in tagged if found), None)
    return tokenizer([text for example in first for text in texts_of(example)], words)


def _layout(tasks: Mapping[str, TaskInfo], texts: TokenizedTexts) -> tuple[Integers, Integers]:
    """The windows of all examples one after the other, and how many each example has."""
    kinds = {task.kind for task in tasks.values()}
    begins, ends = texts.passages[:, 0], texts.passages[:, 1]
    if len(tasks) > 1:
        ends = np.maximum(ends, texts.sentences[:, 1])
        return segments(begins, ends - begins), ends - begins
    if kinds == {TaskKind.TAGGING}:
        begins, ends = texts.sentences[:, 0], texts.sentences[:, 1]
    windows = segments(begins, ends - begins)
    if kinds == {TaskKind.SIMILARITY}:
        return windows, texts.window_counts.reshape(-1, 2).sum(axis=1)
    if kinds == {TaskKind.TAGGING}:
        return windows, np.diff(np.flatnonzero(~texts.follows[windows]), append=len(windows))
    return windows, np.ones_like(windows)


def make_batch(
    data: TrainSet,
    rows: Sequence[int],
    *,
    cached: CachedActivations | None = None,
    anchors: NDArray[np.floating] | None = None,
) -> TrainBatch:
    """The tensors of some examples.

    Args:
        data: the examples.
        rows: which of them.
        cached: activations of the windows of `data.texts`.
        anchors: `(K, H)`, the pooled vectors of these windows by the untouched backbone.
    """
    windows = data.windows_of(rows)
    batch = data.texts.batch(windows)
    tokens = token_batch(batch, cached)
    if any(task.kind is TaskKind.SIMILARITY for task in data.tasks.values()):
        tokens = _of_pairs(tokens, data, np.asarray(rows, dtype=np.int64), windows)
    return TrainBatch(
        tokens,
        {name: _batch_targets(data, task, rows, batch) for name, task in data.tasks.items()},
        int(data.texts.lengths[windows].sum()),
        None if anchors is None else torch.from_numpy(np.float32(anchors[windows])),
    )


def _batch_targets(data: TrainSet, task: TaskInfo, rows: Sequence[int], batch: Batch) -> Targets:
    targets = data.targets[task.name]
    if task.kind is TaskKind.SIMILARITY:
        at = np.asarray(rows, dtype=np.int64)
        texts = None if data.pair_texts is None else torch.from_numpy(data.pair_texts[at])
        return Targets(torch.from_numpy(targets[at]), texts=texts)
    if task.kind is TaskKind.CLASSIFICATION:
        shares = torch.from_numpy(data.texts.shares[batch.rows]) if data.texts.is_split else None
        return Targets(torch.from_numpy(targets[batch.rows]), shares)
    tags = targets[segments(data.texts.stored.word_starts[batch.rows], batch.word_counts)]
    values, continued = padded(tags, batch.word_counts, fill=IGNORED), batch.continued
    follows = data.texts.follows[batch.rows]
    if task.head.decoder is not Decoder.CRF:
        values[continued] = IGNORED
        return Targets(torch.from_numpy(values))
    if not (follows.any() or continued.any()):
        return Targets(torch.from_numpy(values))
    return Targets(torch.from_numpy(values), sentences=torch.from_numpy(_sentences(batch, follows)))


def _of_pairs(tokens: TokenBatch, data: TrainSet, at: Integers, windows: Integers) -> TokenBatch:
    """The batch with the text of each window, those of the first sides before those of the second, and its share."""
    counts = np.diff(data.texts.passages.reshape(-1, 2, 2)[at])
    sides = np.stack([np.arange(len(at)), np.arange(len(at)) + len(at)], axis=1)
    texts = torch.from_numpy(np.repeat(sides.ravel(), counts.ravel()))
    return replace(tokens, texts=texts, shares=torch.from_numpy(data.texts.shares[windows]))


def _sentences(batch: Batch, follows: NDArray[np.bool_]) -> Integers:
    """Positions `(S, W)` in the flattened words of all windows, for sentences that go on where `follows` says so.

    Words that share the first token of the word before them are left out.
    """
    counted = np.arange(batch.first_tokens.shape[1]) < batch.word_counts[:, None]
    kept = counted & ~batch.continued
    counts = kept.sum(axis=1)
    return padded(np.flatnonzero(kept), np.add.reduceat(counts, np.flatnonzero(~follows)), fill=-1)
