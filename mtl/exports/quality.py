"""What a smaller form of a model costs: its answers beside those of the model, on sentences and on a sample."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mtl.checkpoint.sample import Sample
from mtl.decoding import Decoded, ModelOutput, Request, chosen
from mtl.evaluation import main_metric, request_of
from mtl.inference.autotune.probe_texts import TEXTS
from mtl.labels import TypedSpan, spans_of
from mtl.metrics import micro_f1, span_f1
from mtl.recipe.choices import TaskKind
from mtl.task import TaskInfo
from mtl.text import SplitWords

Run = Callable[[Request], ModelOutput]


@dataclass(frozen=True, slots=True)
class Cost:
    """How a form of a model answers, beside the model itself.

    The cosines are of the embeddings of the probe sentences. `same` has by task the share of these sentences with the
    same class, or the F1 of labels or entities, those of the model being right. `sample` has by task the main metric on
    the evaluation sample, of the model and of the form.
    """

    least_cosine: float
    mean_cosine: float
    same: Mapping[str, float]
    sample: Mapping[str, tuple[float, float]]

    def sentence(self) -> str:
        """All of it."""
        cosines = f"cosine of the embeddings {self.mean_cosine:.4f}, at least {self.least_cosine:.4f}"
        parts = [f"{cosines}, on {len(TEXTS)} sentences"]
        if self.same:
            parts.append("equal answers there: " + ", ".join(f"{name} {same:.3f}" for name, same in self.same.items()))
        if self.sample:
            shown = (f"{name} {before:.3f} → {after:.3f}" for name, (before, after) in self.sample.items())
            parts.append(f"on the evaluation sample: {', '.join(shown)}")
        return "; ".join(parts)


def cost(tasks: Mapping[str, TaskInfo], sample: Sample, *, model: Run, form: Run) -> Cost:
    """Compare a form of a model with the model.

    Args:
        tasks: those that both answer.
        sample: labelled examples by task; may be empty.
        model: runs the model.
        form: runs the form.
    """
    probe = Request(TEXTS, SplitWords(TEXTS))
    expected, found = model(probe), form(probe)
    lengths = np.linalg.norm(expected.embeddings, axis=1) * np.linalg.norm(found.embeddings, axis=1)
    cosines = (expected.embeddings * found.embeddings).sum(axis=1) / lengths.clip(min=1e-12)
    sampled = {}
    for name, examples in sample.items():
        request = request_of(tasks[name], examples)
        before, after = (main_metric(tasks[name], examples, run(request)) for run in (model, form))
        sampled[name] = (before, after)
    heads = {name: task for name, task in tasks.items() if task.kind is not TaskKind.SIMILARITY}
    same = {name: _agreement(task, expected, found) for name, task in heads.items()}
    return Cost(float(cosines.min()), float(cosines.mean()), same, sampled)


def _agreement(task: TaskInfo, expected: ModelOutput, found: ModelOutput) -> float:
    if task.kind is TaskKind.TAGGING:
        right, others = (_spans(one.tags[task.name], task.tags.tags) for one in (expected, found))
        return span_f1(right, others)["f1"] if any(map(len, [*right, *others])) else 1.0
    before, after = (one.classes[task.name] for one in (expected, found))
    if task.multi_label:
        gold, chose = chosen(before, task.thresholds), chosen(after, task.thresholds)
        return micro_f1(gold, chose) if (gold | chose).any() else 1.0
    return float(np.mean(before.argmax(axis=1) == after.argmax(axis=1)))


def _spans(texts: Sequence[Decoded], tags: Sequence[str]) -> list[Sequence[TypedSpan]]:
    return [spans_of([tags[tag] for tag in text.tags]) for text in texts]
