"""The suspect labels of one task of a recipe."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

import numpy as np

from mtl.checkpoint.store import LoadedModel
from mtl.data import Example, LabelledText, MultiLabelText, TaggedText, TaskData, labels_of, read_task, texts_of
from mtl.decoding.probabilities import Floats
from mtl.errors import InputError
from mtl.labels import TagSet, TypedSpan, stable_order
from mtl.recipe import Recipe, TaskKind
from mtl.suspects.confident import suspected_classes
from mtl.suspects.features import load_untouched, text_features, word_features
from mtl.suspects.held_out import FOLDS, class_probabilities, folds, tag_probabilities
from mtl.suspects.spans import suspect_regions
from mtl.text.batching import Integers

MOST_EXAMPLES = 50_000
MOST_WORDS = 300_000
"""Of all tagged texts that are looked at: their states stay in memory."""

_Labelled = LabelledText | MultiLabelText | TaggedText
Answer = tuple[str, ...] | tuple[TypedSpan, ...]
"""The labels of a text, one where the task has one a text, or its spans in offsets of the text."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A label that is probably wrong.

    `part` is `train` or `dev` and `row` the number of the example there, from 1. `score` is the probability of the
    given label by a model that did not see it, 0 to 1. For spans, `start` and `end` are the characters that differ;
    `given` and `suggested` have all spans of the text.
    """

    task: str
    part: str
    row: int
    text: str
    given: Answer
    suggested: Answer
    score: float
    start: int = 0
    end: int = 0


@dataclass(frozen=True)
class Findings:
    """The most suspect labels first, how many there are in all, how many examples were looked at, and notes."""

    suspects: tuple[Suspect, ...]
    total: int
    examples: int
    notes: tuple[str, ...] = ()


def find_suspects(recipe: Recipe, task: str, *, most: int = 100) -> Findings:
    """Find labels of the train and dev data of a task that are probably wrong.

    Heads are trained on the features of the recipe's untouched backbone, on all folds of the examples but one, and
    judge that one. Equal recipes and data give equal findings on a machine.

    Args:
        recipe: of a run, or to be.
        task: its name; classes, sets of labels, or entities.
        most: how many to return.

    Raises:
        InputError: there is no such task, it has no labels, or too few examples.
        MtlError: data or backbone cannot be read.
    """
    names = [name for name, config in recipe.tasks.items() if config.kind is not TaskKind.SIMILARITY]
    if task not in names:
        raise InputError(f"a task with labels, of {', '.join(names) or 'none'}, was expected, was {task!r}")
    data = read_task(task, recipe.tasks[task])
    examples, notes = _bounded(data)
    distinct = len({texts_of(example) for example in examples})
    if distinct < 2 * FOLDS:
        raise InputError(f"at least {2 * FOLDS} different texts were expected for {task}, were {distinct}")
    labels = labels_of(examples)
    if not labels:
        raise InputError(f"at least one label was expected for {task}, its examples have none")
    judged = _Judged(task, len(data.train), labels, recipe.seed)
    loaded = load_untouched(recipe)
    if isinstance(examples[0], TaggedText):
        found = judged.spans(loaded, [e.units(recipe.words) for e in examples if isinstance(e, TaggedText)])
    elif isinstance(examples[0], MultiLabelText):
        found = judged.sets(loaded, [e for e in examples if isinstance(e, MultiLabelText)])
    else:
        found, rare = judged.classes(loaded, [e for e in examples if isinstance(e, LabelledText)])
        notes += (f"{task}: labels with fewer than {FOLDS} different texts are not judged: {rare}",) if rare else ()
    return Findings(tuple(found[:most]), len(found), len(examples), notes)


def _bounded(data: TaskData) -> tuple[list[Example], tuple[str, ...]]:
    """As many examples as are looked at, and a note where that is not all."""
    kept, words = list(islice(chain(data.train, data.dev), MOST_EXAMPLES)), 0
    for i, example in enumerate(kept):
        words += len(example.worded.words) if isinstance(example, TaggedText) else 0
        if words > MOST_WORDS and i:
            kept = kept[:i]
            break
    every = len(data.train) + len(data.dev)
    note = f"{data.name}: the first {len(kept):,} of {every:,} examples are looked at"
    return kept, (note,) if len(kept) < every else ()


@dataclass(frozen=True)
class _Judged:
    """What the three kinds of labels share."""

    task: str
    train_rows: int
    labels: tuple[str, ...]
    seed: int

    def classes(self, loaded: LoadedModel, examples: Sequence[LabelledText]) -> tuple[list[Suspect], str]:
        """Suspect classes, and the labels that are too rare to be judged."""
        given = np.array([self.labels.index(e.label) for e in examples], dtype=np.int64)
        texts = [e.text for e in examples]
        fold = folds(texts, given, seed=self.seed)
        found = class_probabilities(text_features(loaded, texts), given, fold, count=len(self.labels))
        rare = np.array([count < FOLDS for count in _distinct(texts, given, len(self.labels))])
        suspected = np.full(len(given), -1, dtype=np.int64)
        judged = ~rare[given]  # of a rare label, too few examples remain to learn it from
        suspected[judged] = suspected_classes(found[judged], given[judged])
        rows = np.flatnonzero(suspected >= 0)
        suspects = []
        for row in _ranked(rows, found[rows, given[rows]]):
            wanted = (self.labels[suspected[row]],)
            suspects.append(self._suspect(row, examples[row], (examples[row].label,), wanted, found[row, given[row]]))
        return suspects, ", ".join(label for label, is_rare in zip(self.labels, rare, strict=True) if is_rare)

    def sets(self, loaded: LoadedModel, examples: Sequence[MultiLabelText]) -> list[Suspect]:
        """Suspect sets of labels, by the label of each that is least probable to be given rightly, or to be missing."""
        texts = [e.text for e in examples]
        features = text_features(loaded, texts)
        fold = folds(texts, np.zeros(len(texts), dtype=np.int64), seed=self.seed)
        given = np.array([[label in e.labels for label in self.labels] for e in examples], dtype=np.int64)
        own, suspect = np.ones(given.shape, dtype=np.float32), np.zeros(given.shape, dtype=bool)
        for column in range(len(self.labels)):
            has = given[:, column]
            if min(_distinct(texts, has, 2)) >= FOLDS:
                found = class_probabilities(features, has, fold, count=2)
                own[:, column] = found[np.arange(len(has)), has]
                suspect[:, column] = suspected_classes(found, has) >= 0
        scores = np.where(suspect, own, 1.0).min(axis=1)
        suspects = []
        for row in _ranked(np.flatnonzero(suspect.any(axis=1)), scores[suspect.any(axis=1)]):
            turned = (given[row] == 1) ^ suspect[row]
            wanted = stable_order(label for label, has in zip(self.labels, turned, strict=True) if has)
            suspects.append(self._suspect(row, examples[row], examples[row].labels, wanted, scores[row]))
        return suspects

    def spans(self, loaded: LoadedModel, examples: Sequence[TaggedText]) -> list[Suspect]:
        """Suspect spans."""
        tags = TagSet(self.labels)
        index, words = tags.index(), word_features(loaded, examples)
        counts = words.counts
        given = np.array([index[t] for e, n in zip(examples, counts, strict=True) for t in e.tags[:n]], dtype=np.int64)
        fold = folds([e.text for e in examples], np.zeros(len(examples), dtype=np.int64), seed=self.seed)
        found = tag_probabilities(words, given, fold, count=len(tags.tags))
        suspects = []
        for region in suspect_regions(examples, tags, given, found, counts):
            example = examples[region.row]
            at = example.worded.words
            spans = tuple(TypedSpan(at[s.start].start, at[s.end - 1].end, s.label) for s in region.spans)
            start, end = at[region.start].start, at[region.end - 1].end
            own = example.char_spans()
            suspects.append(replace(self._suspect(region.row, example, own, spans, region.score), start=start, end=end))
        return suspects

    def _suspect(self, row: int, example: _Labelled, given: Answer, suggested: Answer, score: float) -> Suspect:
        part, number = ("train", row + 1) if row < self.train_rows else ("dev", row - self.train_rows + 1)
        return Suspect(self.task, part, int(number), example.text, given, suggested, round(float(score), 4))


def _distinct(texts: Sequence[str], classes: Integers, count: int) -> list[int]:
    """How many different texts each of `count` classes has; equal ones share a fold."""
    found: list[set[str]] = [set() for _ in range(count)]
    for text, number in zip(texts, classes.tolist(), strict=True):
        found[number].add(text)
    return [len(own) for own in found]


def _ranked(rows: Integers, scores: Floats) -> list[int]:
    """Rows from the lowest score; equal scores in their order."""
    ranked: list[int] = rows[np.argsort(scores, kind="stable")].tolist()
    return ranked
