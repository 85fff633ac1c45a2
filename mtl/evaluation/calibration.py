"""The temperature of a task and what it is worth, from labelled examples and the output of a model on their texts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from mtl.data import Example, LabelledText
from mtl.decoding import Decoded, Evidence, ModelOutput, chosen, fit_temperature, tags_at, tempered
from mtl.decoding.probabilities import Floats, log_odds
from mtl.evaluation.thresholds import all_labels, indicators, widened
from mtl.evaluation.words_read import tags_read
from mtl.metrics.calibration import (
    ReliabilityBin,
    RiskPoint,
    calibration_error,
    class_brier,
    error_by_chance,
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
    evidence = _evidence(task, examples, output, fits=np.ones(len(examples), bool) if fits is None else fits)
    if not len(evidence.right):
        return Calibrated(task, at_temperature(task, output, task.temperature))
    found = fit_temperature(evidence)
    return Calibrated(replace(task, temperature=found), at_temperature(task, output, found))


def at_temperature(task: TaskInfo, output: ModelOutput, temperature: float) -> ModelOutput:
    """An output at temperature 1 with the probabilities of a task at another one."""
    if task.kind is TaskKind.TAGGING:
        is_argmax = task.head.decoder is Decoder.ARGMAX
        tags = [tags_at(one, temperature, is_argmax=is_argmax) for one in output.tags[task.name]]
        return replace(output, tags={**output.tags, task.name: tags})
    rows = tempered(output.classes[task.name], temperature, multi_label=task.multi_label)
    return replace(output, classes={**output.classes, task.name: rows})


@dataclass(frozen=True)
class Events:
    """What a task gave a probability to, and whether it came; its decisions, how sure they are, and which are right.

    For one label a text, the event is that the label that was found is right, for multi-label tasks that a text has a
    label, for tags that the tag of a word as given is right; words that were cut count nothing. All are `(N,)`.
    """

    probabilities: NDArray[np.float64]
    came: NDArray[np.bool_]
    confidence: NDArray[np.float64]
    right: NDArray[np.bool_]


@dataclass(frozen=True)
class CalibrationCurves:
    """The points of a reliability diagram and of a risk-coverage curve, and the `ece` to expect by chance alone."""

    reliability: tuple[ReliabilityBin, ...]
    risk_coverage: tuple[RiskPoint, ...]
    ece_by_chance: float


def calibration_metrics(task: TaskInfo, examples: Sequence[Example], output: ModelOutput) -> dict[str, float]:
    """`ece` and `brier` of a task, 0 to 1; a task without probabilities, or without any answer, has none.

    `ece` is that of `Events`. `brier` counts all classes where a text has one label, and events elsewhere.
    """
    events = events_of(task, examples, output)
    if events is None:
        return {}
    found = {"ece": calibration_error(events.probabilities, events.came)}
    if task.kind is TaskKind.TAGGING or task.multi_label:
        return found | {"brier": event_brier(events.probabilities, events.came)}
    rows = output.classes[task.name].astype(np.float64)
    return found | {"brier": class_brier(rows, _right_classes(task, examples))}


def calibration_curves(task: TaskInfo, examples: Sequence[Example], output: ModelOutput) -> CalibrationCurves | None:
    """The curves of a task, of the same events as its metrics; None where it has none, or not all are finite."""
    events = events_of(task, examples, output)
    if events is None or not np.isfinite(events.probabilities).all():
        return None
    bins = reliability(events.probabilities, events.came)
    return CalibrationCurves(bins, risk_coverage(events.confidence, events.right), error_by_chance(bins))


def events_of(task: TaskInfo, examples: Sequence[Example], output: ModelOutput) -> Events | None:
    """The events of examples; None for a task without probabilities, or without any answer."""
    if task.kind is TaskKind.SIMILARITY:
        return None
    if task.kind is TaskKind.TAGGING:
        found = output.tags[task.name]
        if not any(len(one.tags) for one in found):
            return None
        chances = np.concatenate([one.probabilities for one in found]).astype(np.float64)
        gold = _right_tags(task, examples, [len(one.tags) for one in found])
        came = np.concatenate([one.tags for one in found]) == gold
        return Events(chances, came, chances, came)
    rows = output.classes[task.name].astype(np.float64)
    if task.multi_label:
        labels = all_labels(task, examples)
        has = indicators(examples, labels).ravel()
        chances = widened(rows, len(labels)).ravel()
        given = widened(chosen(output.classes[task.name], task.thresholds), len(labels)).ravel().astype(bool)
        return Events(chances, has, np.where(given, chances, 1 - chances), given == has)
    chances, right = rows.max(axis=1), rows.argmax(axis=1) == _right_classes(task, examples)
    return Events(chances, right, chances, right)


def _evidence(task: TaskInfo, examples: Sequence[Example], output: ModelOutput, *, fits: NDArray[np.bool_]) -> Evidence:
    """The decisions on the examples `(N,)` that fit, where the head knows the right class."""
    if task.kind is TaskKind.TAGGING:
        scores, right, fits = _tag_scores(task, examples, output.tags[task.name], fits=fits)
    elif task.multi_label:
        odds = log_odds(output.classes[task.name])
        scores = np.stack([np.zeros(odds.size), odds.ravel()], axis=1).astype(np.float32)
        right = indicators(examples, task.labels).ravel().astype(np.int64)
        fits = np.repeat(fits, len(task.labels))
    else:
        scores = np.log(output.classes[task.name].clip(min=_LEAST))
        right = _right_classes(task, examples)
    kept = fits & (right >= 0) & np.isfinite(scores).all(axis=1)
    return Evidence(scores[kept], right[kept])


def _tag_scores(
    task: TaskInfo, examples: Sequence[Example], found: Sequence[Decoded], *, fits: NDArray[np.bool_]
) -> tuple[Floats, Integers, NDArray[np.bool_]]:
    """Of all words that were read: log-marginals `(R, L)`, the right tag `(R,)`, and whether their text fits `(R,)`."""
    counts = [len(one.tags) for one in found]
    scores = [one.log_marginals for one in found if one.log_marginals is not None]
    flat = np.concatenate(scores) if scores else np.zeros((0, len(task.tags.tags)), dtype=np.float32)
    return flat, _right_tags(task, examples, counts), np.repeat(fits, counts)


def _right_tags(task: TaskInfo, examples: Sequence[Example], counts: Sequence[int]) -> Integers:
    """The right tag of the first words of each text, -1 for one that the head lacks."""
    index = task.tags.index()
    tagged = tags_read(examples)
    right = [index.get(tag, -1) for tags, count in zip(tagged, counts, strict=True) for tag in tags[:count]]
    return np.array(right, dtype=np.int64)


def _right_classes(task: TaskInfo, examples: Sequence[Example]) -> Integers:
    """The class of each example, -1 for one that the head lacks."""
    index = {label: i for i, label in enumerate(task.labels)}
    return np.array([index.get(e.label, -1) for e in examples if isinstance(e, LabelledText)], dtype=np.int64)
