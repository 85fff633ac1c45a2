"""Predictions evaluated against gold annotations."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtl.inference.analysis import Analysis, Entity
from mtl.labels import TypedSpan
from mtl.metrics import classification_metrics, multi_label_metrics, span_f1


@dataclass(frozen=True)
class Scores:
    """Metrics by name (including `precision/<label>` and so on), and the number of gold cases of each label."""

    metrics: dict[str, float]
    support: dict[str, int]


def class_scores(gold: Sequence[str], predicted: Sequence[str]) -> Scores:
    """As `mtl.metrics.classification_metrics`."""
    return Scores(classification_metrics(gold, predicted), dict(Counter(gold)))


def set_scores(
    labels: Sequence[str], gold: Sequence[Sequence[str]], analyses: Sequence[Analysis], *, task: str
) -> Scores:
    """As `mtl.metrics.multi_label_metrics`, over these labels and those that only the gold annotations have."""
    names = list(dict.fromkeys([*labels, *(label for own in gold for label in own)]))
    true, found = (_indicators(names, sides) for sides in (gold, [analysis.labels[task] for analysis in analyses]))
    scores = [[analysis.classes[task].get(name, 0.0) for name in names] for analysis in analyses]
    metrics = multi_label_metrics(names, gold=true, found=found, probabilities=np.array(scores, dtype=np.float32))
    support = Counter(label for own in gold for label in own)
    return Scores(
        metrics, {name: support[name] for name in names if support[name] or found[:, names.index(name)].any()}
    )


def _indicators(names: Sequence[str], sets: Sequence[Sequence[str]]) -> NDArray[np.bool_]:
    return np.array([[name in own for name in names] for own in map(set, sets)], dtype=bool)


def span_scores(gold: Sequence[Sequence[TypedSpan]], predicted: Sequence[Sequence[TypedSpan]]) -> Scores:
    """`f1`, `precision` and `recall` of exact spans in raw texts, micro-averaged and for each type."""
    support = Counter(span.label for spans in gold for span in spans)
    metrics = span_f1(gold, predicted)
    for kind in sorted({*support, *(span.label for spans in predicted for span in spans)}):
        own = [[[s for s in spans if s.label == kind] for spans in side] for side in (gold, predicted)]
        metrics |= {f"{name}/{kind}": value for name, value in span_f1(*own).items()}
        support.setdefault(kind, 0)
    return Scores(metrics, dict(support))


def typed_spans(entities: Sequence[Entity]) -> tuple[TypedSpan, ...]:
    """Entities without their scores."""
    return tuple(TypedSpan(e["start"], e["end"], e["entity_group"]) for e in entities)


def mistakes(analyses: Sequence[Analysis], task: str, gold: Sequence[Sequence[TypedSpan]]) -> list[int]:
    """The positions of the texts whose predicted spans differ from the gold spans."""
    return [
        row
        for row, (analysis, right) in enumerate(zip(analyses, gold, strict=True))
        if set(typed_spans(analysis.entities[task])) != set(right)
    ]
