"""What examples give is there whatever a model answers, and what they do not give is missing from the right answers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from mtl.data import Example, LabelledText, MultiLabelText, ScoredPair, TaggedText
from mtl.decoding import Decoded, ModelOutput
from mtl.evaluation import gives, is_metric, metrics_of
from mtl.model import TaskInfo
from mtl.recipe import HeadConfig, TaskKind
from mtl.recipe.choices import SimilarityLoss
from mtl.text import detokenize

LABELS = ("a", "b", "c")
CONTRASTIVE = HeadConfig(loss=SimilarityLoss.MULTIPLE_NEGATIVES)
TASKS = {
    "classes": TaskInfo("it", TaskKind.CLASSIFICATION, LABELS, HeadConfig()),
    "sets": TaskInfo("it", TaskKind.CLASSIFICATION, LABELS, HeadConfig(), multi_label=True),
    "tags": TaskInfo("it", TaskKind.TAGGING, LABELS, HeadConfig()),
    "pairs": TaskInfo("it", TaskKind.SIMILARITY, (), HeadConfig()),
    "contrastive": TaskInfo("it", TaskKind.SIMILARITY, (), CONTRASTIVE),
}
WHOLE = (
    *("accuracy", "macro_f1", "micro_f1", "subset_accuracy", "mean_average_precision", "f1", "precision", "recall"),
    *("token_accuracy", "accuracy@1", "mrr", "average_precision", "spearman_cosine", "pearson_cosine"),
)
METRICS = (*WHOLE, *(f"{family}/{label}" for family in ("precision", "recall", "f1") for label in (*LABELS, "new")))
LABEL = st.sampled_from([*LABELS, "new"])
TAGS = st.sampled_from([("O", "O"), ("B-a", "I-a"), ("B-b", "O"), ("B-a", "B-c"), ("O", "B-new")])
EXAMPLES = {
    "classes": st.builds(lambda label: LabelledText("x", label), LABEL),
    "sets": st.builds(lambda labels: MultiLabelText("x", tuple(sorted(labels))), st.sets(LABEL)),
    "tags": st.builds(lambda tags: TaggedText(detokenize(["x", "y"]), tags), TAGS),
    "pairs": st.builds(lambda a, b, score: ScoredPair(a, b, score), LABEL, LABEL, st.sampled_from([0.0, 0.4, 1.0])),
}
EXAMPLES["contrastive"] = EXAMPLES["pairs"]


def output_of(rows: NDArray[np.float32], tags: list[NDArray[np.intp]], vectors: NDArray[np.float32]) -> ModelOutput:
    count = np.ones(len(rows), dtype=np.int64)
    found = [Decoded(one, np.full(len(one), 0.5, np.float32)) for one in tags]
    return ModelOutput(vectors, {"it": rows}, {"it": found}, count, count, {})


def right(task: TaskInfo, examples: list[Example], vectors: NDArray[np.float32]) -> ModelOutput:
    """The answers that the examples have, where the head knows them, and its first label elsewhere."""
    names = [getattr(e, "labels", None) or (getattr(e, "label", ""),) for e in examples]
    rows = np.array([[label in own for label in LABELS] for own in names], dtype=np.float32)
    index = task.tags.index()
    tags = [np.array([index.get(tag, 0) for tag in getattr(example, "tags", ())]) for example in examples]
    return output_of(rows, tags, vectors)


@pytest.mark.parametrize("kind", TASKS)
@given(data=st.data())
def test_what_examples_give_does_not_depend_on_the_answers(kind: str, data: st.DataObject):
    task = TASKS[kind]
    examples = data.draw(st.lists(EXAMPLES[kind], min_size=1, max_size=5))
    draw = np.random.default_rng(data.draw(st.integers(0, 99)))
    vectors = draw.normal(size=(2 * len(examples), 4)).astype(np.float32)
    answers = [draw.integers(0, 2, size=2).astype(np.intp) for _ in examples]  # O or B-a
    any_output = output_of(draw.dirichlet(np.ones(3), size=len(examples)).astype(np.float32), answers, vectors)
    found, best = metrics_of(task, examples, any_output), metrics_of(task, examples, right(task, examples, vectors))
    for metric in METRICS:
        if not is_metric(task, metric):
            continue
        if gives(task, metric, examples):
            assert metric in found and metric in best
        elif not metric.endswith("/a"):  # the answer to what the head does not know
            assert metric not in best
