"""What is told beside figures: labels that a model lacks, and correlations that are not defined."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl.data import LabelledText, MultiLabelText, ScoredPair, TaggedText
from mtl.evaluation import embedding_task, evaluation_notes, gives, pair_notes
from mtl.model import TaskInfo
from mtl.recipe import HeadConfig, TaskKind
from mtl.recipe.choices import SimilarityLoss
from mtl.text import detokenize

LABELS = ("a", "b")
CLASSES = TaskInfo("it", TaskKind.CLASSIFICATION, LABELS, HeadConfig())
SETS = TaskInfo("it", TaskKind.CLASSIFICATION, LABELS, HeadConfig(), multi_label=True)
TAGS = TaskInfo("it", TaskKind.TAGGING, LABELS, HeadConfig())
PAIRS = TaskInfo("it", TaskKind.SIMILARITY, (), HeadConfig())
CONTRASTIVE = TaskInfo("it", TaskKind.SIMILARITY, (), HeadConfig(loss=SimilarityLoss.MULTIPLE_NEGATIVES))


def tagged(label: str) -> TaggedText:
    return TaggedText(detokenize(["x", "y"]), (f"B-{label}", f"I-{label}"))


EXAMPLES = {
    "classes": (CLASSES, lambda label: LabelledText("x", label), "examples"),
    "sets": (SETS, lambda label: MultiLabelText("x", ("a", label) if label != "a" else ("a",)), "examples"),
    "tags": (TAGS, tagged, "entities"),
}


@pytest.mark.parametrize("kind", EXAMPLES)
@given(st.lists(st.sampled_from([*LABELS, "new", "other"]), min_size=1, max_size=12))
def test_labels_that_the_model_lacks_are_counted(kind: str, labels: list[str]):
    task, made, counted = EXAMPLES[kind]
    notes = list(evaluation_notes(task, [made(label) for label in labels]))
    unknown = {label: labels.count(label) for label in labels if label not in LABELS}
    assert bool(notes) == bool(unknown)
    for label, count in unknown.items():
        assert f"{label} ({count})" in notes[0]
        assert f"by number of {counted}: " in notes[0]


def test_many_labels_that_the_model_lacks_are_counted_after_the_most_frequent():
    examples = [LabelledText("x", f"l{i}") for i in range(20) for _ in range(20 - i)]
    (note,) = evaluation_notes(CLASSES, examples)
    assert note.endswith("l0 (20), l1 (19), l2 (18), l3 (17), l4 (16), l5 (15), l6 (14), l7 (13) and 12 more")


@given(st.lists(st.sampled_from([0.0, 0.4, 1.0]), min_size=1, max_size=5))
def test_a_correlation_that_is_left_out_is_told_where_it_is_what_counts(scores: list[float]):
    pairs = [ScoredPair("x", "y", score) for score in scores]
    (*notes,) = pair_notes(PAIRS, pairs)
    assert notes == list(evaluation_notes(PAIRS, pairs))
    assert bool(notes) == (not gives(PAIRS, "spearman_cosine", pairs)) == (len(set(scores)) == 1)
    if notes:
        assert ("only one pair" in notes[0]) == (len(pairs) == 1)
    assert not list(pair_notes(CONTRASTIVE, pairs))
    assert bool(list(pair_notes(embedding_task(pairs), pairs))) == (set(scores) == {0.4})
