"""Training examples as windows and targets, and batches of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mtl.cache import CachedActivations
from mtl.data import Example, LabelledText, MultiLabelText, ScoredPair, TaggedText, texts_of
from mtl.encoder import TokenBatch, token_batch
from mtl.recipe.choices import Decoder, TaskKind, WordSplitting
from mtl.task import TaskInfo
from mtl.text import word_offsets
from mtl.text.batching import Batch, Integers, padded, segments
from mtl.text.tokenized import TokenizedTexts
from mtl.text.windows import WindowTokenizer

IGNORED = -100
"""Target of a label that the head lacks, and of words that are not there."""


@dataclass(frozen=True)
class TrainSet:
    """E examples of one task, or of tasks that label the same texts and share each pass.

    An example of classification is a window, with the class of its text; of tagging a sentence, in one window or more
    that follow each other; of similarity a pair of texts. So a batch is bounded however long the texts are. Where
    tasks share their texts, an example is a text.

    `windows[starts[e] : starts[e + 1]]` are the windows of example e. The `targets` of a task are the class of every
    window `(K,)`, for multi-label which labels it has `(K, C)`, the tag of every word of every window, as `texts` has
    them, or the score of every pair `(E,)`.
    """

    tasks: Mapping[str, TaskInfo]
    texts: TokenizedTexts
    windows: Integers
    starts: Integers
    targets: Mapping[str, NDArray[Any]]

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


@dataclass(frozen=True, slots=True)
class Targets:
    """What one task wants of a batch.

    `values` are `(B,)` classes, `(B, C)` labels of 0 or 1, `(B, W)` tags, or the scores of pairs, whose texts are the
    first and second half of the embeddings. `shares` `(B,)` is how much a window counts of its text, None where each
    is a whole text; `sentences` is what `TaggingHead.loss` takes.
    """

    values: Tensor
    shares: Tensor | None = None
    sentences: Tensor | None = None

    def to(self, device: torch.device) -> "Targets":
        """The targets on a device."""
        shares, sentences = (None if t is None else t.to(device) for t in (self.shares, self.sentences))
        return Targets(self.values.to(device), shares, sentences)


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
    given = {name: _as_units(examples[name], words) for name in tasks}
    groups: dict[object, list[str]] = {}
    for name, task in tasks.items():
        shares = joint and task.kind is not TaskKind.SIMILARITY
        groups.setdefault(frozenset(_keys(given[name])) if shares else name, []).append(name)
    sets = {}
    for names in groups.values():
        first, *others = names
        aligned = {first: given[first]}
        for name in others:
            by_key = dict(zip(_keys(given[name]), given[name], strict=True))
            aligned[name] = [by_key[key] for key in _keys(given[first])]
        sets[" + ".join(names)] = _train_set({name: tasks[name] for name in names}, aligned, tokenizer)
    return sets


def _as_units(examples: Sequence[Example], splitting: WordSplitting) -> list[Example]:
    return [example.units(splitting) if isinstance(example, TaggedText) else example for example in examples]


def _keys(examples: Sequence[Example]) -> list[tuple[tuple[str, ...], int]]:
    """The text of each example and how often it came before."""
    counts: Counter[tuple[str, ...]] = Counter()
    keys = []
    for example in examples:
        keys.append((texts_of(example), counts[texts_of(example)]))
        counts[texts_of(example)] += 1
    return keys


def _train_set(
    tasks: Mapping[str, TaskInfo], examples: Mapping[str, list[Example]], tokenizer: WindowTokenizer
) -> TrainSet:
    tagged = [e for name, found in examples.items() for e in found if isinstance(e, TaggedText)][: len(_any(examples))]
    words = [word_offsets(e.worded.words) for e in tagged] if tagged else None
    texts = tokenizer.store([text for example in _any(examples) for text in texts_of(example)], words)
    targets = {name: _targets(tasks[name], examples[name], texts) for name in tasks}
    begins, ends = texts.passages[:, 0], np.maximum(texts.passages[:, 1], texts.sentences[:, 1])
    kinds = {task.kind for task in tasks.values()}
    if len(tasks) > 1:
        return TrainSet(tasks, texts, segments(begins, ends - begins), _starts(ends - begins), targets)
    bounds = texts.sentences if kinds == {TaskKind.TAGGING} else texts.passages
    windows = segments(bounds[:, 0], bounds[:, 1] - bounds[:, 0])
    if kinds == {TaskKind.SIMILARITY}:
        return TrainSet(tasks, texts, windows, _starts(texts.window_counts.reshape(-1, 2).sum(axis=1)), targets)
    if kinds == {TaskKind.TAGGING}:
        return TrainSet(
            tasks, texts, windows, np.append(np.flatnonzero(~texts.follows[windows]), len(windows)), targets
        )
    return TrainSet(tasks, texts, windows, np.arange(len(windows) + 1), targets)


def _any(examples: Mapping[str, list[Example]]) -> list[Example]:
    return next(iter(examples.values()))


def _targets(task: TaskInfo, examples: Sequence[Example], texts: TokenizedTexts) -> NDArray[Any]:
    if task.kind is TaskKind.SIMILARITY:
        return np.array([e.score for e in examples if isinstance(e, ScoredPair)], dtype=np.float32)
    if task.kind is TaskKind.CLASSIFICATION:
        values = _label_rows(task, examples) if task.multi_label else _class_rows(task, examples)
        found = np.full((len(texts.lengths), *values.shape[1:]), IGNORED, dtype=values.dtype)
        found[segments(texts.passages[:, 0], texts.window_counts)] = np.repeat(values, texts.window_counts, axis=0)
        return found
    tags = task.tags.index()
    # Words that were cut stand at the end of a text: the tags of those that are read, text by text.
    read = np.add.reduceat(np.append(texts.word_counts, 0), texts.sentences.ravel())[0::2] if examples else ()
    tagged = [e for e in examples if isinstance(e, TaggedText)]
    flat = [tags.get(tag, IGNORED) for e, count in zip(tagged, read, strict=True) for tag in e.tags[:count]]
    return np.array(flat, dtype=np.int64)


def _class_rows(task: TaskInfo, examples: Sequence[Example]) -> NDArray[np.int64]:
    """The class `(E,)` of each example."""
    classes = {label: i for i, label in enumerate(task.labels)}
    found = [classes.get(e.label, IGNORED) for e in examples if isinstance(e, LabelledText)]
    return np.array(found, dtype=np.int64)


def _label_rows(task: TaskInfo, examples: Sequence[Example]) -> NDArray[np.int8]:
    """Which labels each example has `(E, C)`, as 0 and 1."""
    classes = {label: i for i, label in enumerate(task.labels)}
    found = np.zeros((len(examples), len(classes)), dtype=np.int8)
    for row, example in enumerate(examples):
        if isinstance(example, MultiLabelText):
            found[row, [classes[label] for label in example.labels if label in classes]] = 1
    return found


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
        return Targets(torch.from_numpy(targets[np.asarray(rows, dtype=np.int64)]))
    if task.kind is TaskKind.CLASSIFICATION:
        split = bool((data.texts.window_counts > 1).any())
        shares = torch.from_numpy(data.texts.shares[batch.rows]) if split else None
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
    counts = data.texts.window_counts.reshape(-1, 2)[at]
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


def _starts(counts: Integers) -> Integers:
    return np.concatenate([np.zeros(1, np.int64), np.cumsum(counts)])
