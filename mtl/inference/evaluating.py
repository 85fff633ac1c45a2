"""An engine measured on labelled examples, through the backend that it runs with."""

from collections.abc import Callable, Sequence

import numpy as np

from mtl.data import Example, LabelledText, ScoredPair, TaggedText
from mtl.errors import DataError
from mtl.inference.passes import Findings, Request
from mtl.labels import OUTSIDE, spans_of
from mtl.metrics import classification_metrics, similarity_metrics, tagging_metrics
from mtl.metrics.tagging import span_f1
from mtl.recipe.choices import TaskKind
from mtl.task import TaskInfo

Run = Callable[[Request], Findings]


def evaluate_task(task: TaskInfo, examples: Sequence[Example], run: Run) -> dict[str, float]:
    """Every metric of a task, as `mtl.evaluation.evaluate` gives them; tagging is scored on the words as given.

    Raises:
        DataError: the examples are of another kind than the task, or there are none.
    """
    labelled = [e for e in examples if isinstance(e, LabelledText)]
    tagged = [e for e in examples if isinstance(e, TaggedText)]
    pairs = [e for e in examples if isinstance(e, ScoredPair)]
    fitting = {TaskKind.CLASSIFICATION: len(labelled), TaskKind.TAGGING: len(tagged), TaskKind.SIMILARITY: len(pairs)}
    if fitting[task.kind] != len(examples) or not examples:
        raise DataError(f"{task.name} is a {task.kind} task and needs examples of that kind")
    match task.kind:
        case TaskKind.CLASSIFICATION:
            best = run(Request([e.text for e in labelled])).classes[task.name].argmax(axis=1)
            return classification_metrics([e.label for e in labelled], [task.labels[i] for i in best])
        case TaskKind.TAGGING:
            return tagging_metrics([e.tags for e in tagged], _tags(task, tagged, run))
        case TaskKind.SIMILARITY:
            return similarity_metrics([p.score for p in pairs], _cosines(pairs, run))


def main_metric(task: TaskInfo, examples: Sequence[Example], run: Run) -> float:
    """Accuracy, F1 of exact spans or Spearman's correlation alone, as `evaluate_task` gives them.

    The first two come without the libraries of the whole report, which take longer to load than a sample to run.
    """
    match task.kind:
        case TaskKind.CLASSIFICATION:
            labelled = [e for e in examples if isinstance(e, LabelledText)]
            best = run(Request([e.text for e in labelled])).classes[task.name].argmax(axis=1)
            return float(np.mean([task.labels[i] == e.label for i, e in zip(best, labelled, strict=True)]))
        case TaskKind.TAGGING:
            tagged = [e for e in examples if isinstance(e, TaggedText)]
            found = [spans_of(tags) for tags in _tags(task, tagged, run)]
            return span_f1([spans_of(e.tags) for e in tagged], found)["f1"]
        case TaskKind.SIMILARITY:
            return evaluate_task(task, examples, run)["spearman_cosine"]


def _tags(task: TaskInfo, examples: Sequence[TaggedText], run: Run) -> list[tuple[str, ...]]:
    """The tags of the words as given; words that were cut count as `O`."""
    names = task.tags.tags
    found = run(Request([e.text for e in examples], [e.worded.words for e in examples])).tags[task.name]
    return [
        tuple(names[tag] for tag in one.tags) + (OUTSIDE,) * (len(example.tags) - len(one.tags))
        for one, example in zip(found, examples, strict=True)
    ]


def _cosines(pairs: Sequence[ScoredPair], run: Run) -> list[float]:
    embeddings = run(Request([text for pair in pairs for text in (pair.sentence1, pair.sentence2)])).embeddings
    embeddings = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True).clip(min=1e-12)
    return [float(cosine) for cosine in (embeddings[0::2] * embeddings[1::2]).sum(axis=1)]
