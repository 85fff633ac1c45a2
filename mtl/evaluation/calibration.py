"""The temperature of a task and what it is worth, from labelled examples and the output of a model on their texts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mtl.data import Example, LabelledText, TaggedText, texts_of
from mtl.decoding import Decoded, Evidence, ModelOutput, chosen, fit_temperature, tags_at, tempered
from mtl.decoding.probabilities import Floats, log_odds
from mtl.evaluation.thresholds import all_labels, indicators, widened
from mtl.metrics.calibration import (
    Flags,
    Numbers,
    ReliabilityBin,
    RiskPoint,
    calibration_error,
    class_brier,
    event_brier,
    reliability,
    risk_coverage,
)
from mtl.recipe.choices import Decoder, TaskKind
from mtl.task import TaskInfo
from mtl.text.batching import Integers

_LEAST = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class Calibrated:
    """A task with the temperature that fits its examples, and the output at that temperature."""

    task: TaskInfo
    output: ModelOutput


@dataclass(frozen=True)
class Curves:
    """Of a task: the points of its reliability diagram and of its risk-coverage curve."""

    reliability: tuple[ReliabilityBin, ...]
    risk_coverage: tuple[RiskPoint, ...]


@dataclass(frozen=True)
class _Answers:
    """Events with a probability, and answers with a confidence; all `(N,)`. `brier` is of the probabilities."""

    probabilities: Numbers
    came: Flags
    confidence: Numbers
    right: Flags
    brier: float


def with_temperature(
    task: TaskInfo, examples: Sequence[Example], output: ModelOutput, *, fits: NDArray[np.bool_] | None = None
) -> Calibrated:
    """The task with the temperature that fits these examples best; a task of similarity, which has none, as it is.

    Args:
        task: of the model.
        examples: of the task's kind.
        output: of the request that `request_of` makes of them, at temperature 1 and with the marginals of tags.
        fits: which examples `(N,)` count, such as those that did not train; the temperature stays where none does.
    """
    if task.kind is TaskKind.SIMILARITY:
        return Calibrated(task, output)
    first: dict[tuple[str, ...], int] = {}
    texts = np.array([first.setdefault(texts_of(e), i) for i, e in enumerate(examples)], dtype=np.int64)
    evidence = _evidence(task, examples, output, texts)
    if fits is not None:
        evidence = evidence.part(fits[evidence.texts])
    if not len(evidence.right):
        return Calibrated(task, at_temperature(task, output, task.temperature))
    found = fit_temperature(evidence)
    return Calibrated(replace(task, temperature=found), at_temperature(task, output, found))


def at_temperature(task: TaskInfo, output: ModelOutput, temperature: float | NDArray[np.float64]) -> ModelOutput:
    """An output at temperature 1 with the probabilities of a task at another one, or at one of each text `(N,)`."""
    if task.kind is TaskKind.TAGGING:
        is_argmax, rows = task.head.decoder is Decoder.ARGMAX, output.tags[task.name]
        each = np.broadcast_to(np.asarray(temperature), len(rows)).tolist()
        tags = [tags_at(one, own, is_argmax=is_argmax) for one, own in zip(rows, each, strict=True)]
        return replace(output, tags={**output.tags, task.name: tags})
    rows_of = tempered(output.classes[task.name], temperature, multi_label=task.multi_label)
    return replace(output, classes={**output.classes, task.name: rows_of})


def calibration_metrics(task: TaskInfo, examples: Sequence[Example], output: ModelOutput) -> dict[str, float]:
    """`ece` and `brier` of a task, 0 to 1; a task without probabilities, or without any answer, has none.

    For one label a text, `ece` compares the probability of the label that was found with how often it is right, and
    `brier` counts all classes. For multi-label tasks each pair of a text and a label is an event, for tags that the tag
    of a word as given is right; words that were cut count nothing.
    """
    answers = _answers(task, examples, output)
    if answers is None:
        return {}
    return {"ece": calibration_error(answers.probabilities, answers.came), "brier": answers.brier}


def curves_of(task: TaskInfo, examples: Sequence[Example], output: ModelOutput) -> Curves | None:
    """The curves of a task, of the events of `calibration_metrics`; None where it has none, or no finite numbers.

    An answer is a label, for multi-label tasks whether a text has a label, and for tagging the tag of a word. Its
    confidence is its probability.
    """
    answers = _answers(task, examples, output)
    if answers is None or not np.isfinite(answers.probabilities).all():
        return None
    return Curves(reliability(answers.probabilities, answers.came), risk_coverage(answers.confidence, answers.right))


def _evidence(task: TaskInfo, examples: Sequence[Example], output: ModelOutput, texts: Integers) -> Evidence:
    """The decisions whose right class the head knows."""
    if task.kind is TaskKind.TAGGING:
        scores, right, rows = _tag_scores(task, examples, output.tags[task.name])
        texts = texts[rows]
    elif task.multi_label:
        odds = log_odds(output.classes[task.name])
        scores = np.stack([np.zeros(odds.size), odds.ravel()], axis=1).astype(np.float32)
        right = indicators(examples, task.labels).ravel().astype(np.int64)
        texts = np.repeat(texts, len(task.labels))
    else:
        scores = np.log(output.classes[task.name].clip(min=_LEAST))
        right = _right_classes(task, examples)
    return Evidence(scores, right, texts).part((right >= 0) & np.isfinite(scores).all(axis=1))


def _tag_scores(
    task: TaskInfo, examples: Sequence[Example], found: Sequence[Decoded]
) -> tuple[Floats, Integers, Integers]:
    """Of all words that were read: log-marginals `(R, L)`, the right tag `(R,)`, and the number of the text `(R,)`."""
    counts = [len(one.tags) for one in found]
    scores = [one.log_marginals for one in found if one.log_marginals is not None]
    flat = np.concatenate(scores) if scores else np.zeros((0, len(task.tags.tags)), dtype=np.float32)
    return flat, _right_tags(task, examples, counts), np.repeat(np.arange(len(found)), counts)


def _right_tags(task: TaskInfo, examples: Sequence[Example], counts: Sequence[int]) -> Integers:
    """The right tag of the first words of each text, -1 for one that the head lacks."""
    index = task.tags.index()
    tagged = [example.tags for example in examples if isinstance(example, TaggedText)]
    right = [index.get(tag, -1) for tags, count in zip(tagged, counts, strict=True) for tag in tags[:count]]
    return np.array(right, dtype=np.int64)


def _right_classes(task: TaskInfo, examples: Sequence[Example]) -> Integers:
    """The class of each example, -1 for one that the head lacks."""
    index = {label: i for i, label in enumerate(task.labels)}
    return np.array([index.get(e.label, -1) for e in examples if isinstance(e, LabelledText)], dtype=np.int64)


def _answers(task: TaskInfo, examples: Sequence[Example], output: ModelOutput) -> _Answers | None:
    if task.kind is TaskKind.SIMILARITY:
        return None
    if task.kind is TaskKind.TAGGING:
        found = output.tags[task.name]
        tags = np.concatenate([one.tags for one in found]) if found else np.zeros(0, dtype=np.intp)
        if not len(tags):
            return None
        chances = np.concatenate([one.probabilities for one in found]).astype(np.float64)
        right = tags == _right_tags(task, examples, [len(one.tags) for one in found])
        return _Answers(chances, right, chances, right, event_brier(chances, right))
    rows = output.classes[task.name].astype(np.float64)
    if task.multi_label:
        labels = all_labels(task, examples)
        gold = indicators(examples, labels).ravel()
        chosen_labels = widened(chosen(output.classes[task.name], task.thresholds), len(labels)).ravel()
        events = widened(rows, len(labels)).ravel()
        confidence = np.where(chosen_labels, events, 1 - events)
        return _Answers(events, gold, confidence, chosen_labels == gold, event_brier(events, gold))
    right_classes = _right_classes(task, examples)
    best = rows.max(axis=1)
    is_right = rows.argmax(axis=1) == right_classes
    return _Answers(best, is_right, best, is_right, class_brier(rows, right_classes))
