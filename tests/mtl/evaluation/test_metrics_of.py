"""Metrics of answers made by hand, against the libraries of the field."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import pearsonr, spearmanr
from seqeval.metrics import accuracy_score as token_accuracy
from seqeval.metrics import f1_score
from seqeval.scheme import IOB2
from sklearn.metrics import accuracy_score
from sklearn.metrics import f1_score as class_f1

from mtl.data import Example, LabelledText, MultiLabelText, ScoredPair, TaggedText
from mtl.decoding import Decoded, ModelOutput
from mtl.errors import DataError
from mtl.evaluation import evaluate, evaluate_with_curves, is_metric, main_metric, main_metric_name, request_of
from mtl.labels import TagSet, to_bio2
from mtl.model import TaskInfo
from mtl.recipe import HeadConfig, TaskConfig, TaskKind
from mtl.text import detokenize

TOPIC = TaskInfo("topic", TaskKind.CLASSIFICATION, ("a", "b", "c"), HeadConfig())
SEVERAL = TaskInfo("topic", TaskKind.CLASSIFICATION, ("a", "b", "c"), HeadConfig(), True, (0.25, 0.55, 0.75))
NAMES = TaskInfo("names", TaskKind.TAGGING, ("LOC", "PER"), HeadConfig())
PAIRS = TaskInfo("pairs", TaskKind.SIMILARITY, (), HeadConfig())
TAGS = TagSet(("LOC", "PER"))


def answers(
    count: int, *, embeddings: np.ndarray | None = None, classes: np.ndarray | None = None, tags: Sequence = ()
) -> ModelOutput:
    """What a model may give for so many texts."""
    return ModelOutput(
        np.zeros((count, 2), dtype=np.float32) if embeddings is None else embeddings,
        {} if classes is None else {"topic": classes},
        {"names": list(tags)} if tags else {},
        np.ones(count, dtype=np.int64),
        np.ones(count, dtype=np.int64),
        {},
    )


def assert_measured(
    task: TaskInfo, examples: Sequence[Example], output: ModelOutput, expected: dict[str, float]
) -> None:
    """Metrics of a task, of which the main one comes alone too."""
    found = evaluate(task, examples, lambda request: output)
    assert {name: found[name] for name in expected} == pytest.approx(expected)
    assert all(is_metric(task, name) for name in found)
    assert main_metric(task, examples, output) == pytest.approx(expected[main_metric_name(task)])


@given(st.lists(st.tuples(st.sampled_from("abcx"), st.integers(0, 2)), min_size=1, max_size=9))
def test_classes_are_those_of_the_highest_probability(rows: list[tuple[str, int]]):
    gold, best = [label for label, _ in rows], [TOPIC.labels[i] for _, i in rows]
    classes = np.full((len(rows), 3), 0.3, dtype=np.float32)
    classes[np.arange(len(rows)), [i for _, i in rows]] = 0.4
    expected = {
        "accuracy": accuracy_score(gold, best),
        "macro_f1": class_f1(gold, best, average="macro", zero_division=0),
    }
    examples = [LabelledText("hi", label) for label in gold]
    assert_measured(TOPIC, examples, answers(len(rows), classes=classes), expected)


@given(
    st.lists(
        st.tuples(st.sets(st.sampled_from("abcx")), st.lists(st.integers(0, 10), min_size=3, max_size=3)),
        min_size=1,
        max_size=9,
    )
)
def test_labels_are_those_that_reach_their_thresholds_and_a_label_that_the_head_lacks_is_missed(rows: list):
    probabilities = np.array([scores for _, scores in rows], dtype=np.float32) / 10
    chosen = probabilities >= np.array(SEVERAL.thresholds)
    labels = [*SEVERAL.labels, *(["x"] if any("x" in own for own, _ in rows) else [])]
    gold = np.array([[label in own for label in labels] for own, _ in rows])
    found = np.pad(chosen, ((0, 0), (0, len(labels) - 3)))
    occurring = (gold | found).any(axis=0)
    each = [class_f1(gold[:, i], found[:, i], zero_division=0) for i in np.flatnonzero(occurring)]
    expected = {
        "micro_f1": class_f1(gold.ravel(), found.ravel(), zero_division=0),
        "macro_f1": float(np.mean(each)) if each else 0.0,
        "subset_accuracy": float((gold == found).all(axis=1).mean()),
    }
    examples = [MultiLabelText("hi", tuple(sorted(own))) for own, _ in rows]
    assert_measured(SEVERAL, examples, answers(len(rows), classes=probabilities), expected)
    curves = evaluate_with_curves(SEVERAL, examples, lambda request: answers(len(rows), classes=probabilities)).curves
    assert curves.risk_coverage[-1].risk == pytest.approx((gold != found).mean())
    assert sum(one.count for one in curves.reliability) == gold.size


@pytest.mark.parametrize(
    ("task", "output"),
    [
        (PAIRS, answers(2, embeddings=np.ones((2, 2), dtype=np.float32))),
        (TOPIC, answers(1, classes=np.full((1, 3), np.nan, dtype=np.float32))),
        (NAMES, answers(1, tags=[Decoded((), np.zeros(0, dtype=np.float32))])),
    ],
)
def test_what_has_no_probabilities_has_no_curves(task: TaskInfo, output: ModelOutput):
    example = {
        "pairs": ScoredPair("a", "b", 0.5),
        "topic": LabelledText("hi", "a"),
        "names": TaggedText(detokenize(("hi",)), ("O",)),
    }[task.name]
    assert evaluate_with_curves(task, [example], lambda request: output).curves is None


@pytest.mark.parametrize("task", [TOPIC, SEVERAL])
def test_examples_of_the_other_form_are_refused(task: TaskInfo):
    example = LabelledText("hi", "a") if task.multi_label else MultiLabelText("hi", ("a",))
    with pytest.raises(DataError, match="needs examples of that kind"):
        request_of(task, [example])


@st.composite
def tagged(draw: st.DrawFn) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Gold tags of a sentence and those found for its first words."""
    count = draw(st.integers(1, 8))
    gold, found = (draw(st.lists(st.sampled_from(TAGS.tags), min_size=count, max_size=count)) for _ in range(2))
    return to_bio2(gold), to_bio2(found[: draw(st.integers(0, count))])


@given(st.lists(tagged(), min_size=1, max_size=5))
def test_tags_are_scored_by_exact_spans_and_words_that_were_cut_are_outside(rows: list):
    gold = [list(tags) for tags, _ in rows]
    predicted = [[*found, *["O"] * (len(tags) - len(found))] for tags, found in rows]
    examples = [TaggedText(detokenize(["anna"] * len(tags)), tags) for tags, _ in rows]
    tags = [
        Decoded(np.array([TAGS.index()[t] for t in found], dtype=np.intp), np.ones(len(found), dtype=np.float32))
        for _, found in rows
    ]
    some = any(tag != "O" for sentence in (*gold, *predicted) for tag in sentence)  # seqeval takes no text without any
    expected = {
        "f1": f1_score(gold, predicted, mode="strict", scheme=IOB2, zero_division=0) if some else 0.0,
        "token_accuracy": token_accuracy(gold, predicted),
    }
    assert_measured(NAMES, examples, answers(len(rows), tags=tags), expected)


@given(st.integers(0, 99), st.integers(3, 8), st.sampled_from([1e-3, 1.0, 1e3]))
def test_pairs_are_scored_by_the_cosine_of_neighbouring_rows(seed: int, count: int, scale: float):
    chance = np.random.default_rng(seed)
    embeddings = (scale * chance.normal(size=(2 * count, 4))).astype(np.float32)
    scores = chance.permutation(count) / count
    cosines = [
        float(a @ b / np.sqrt((a @ a) * (b @ b)))
        for a, b in zip(embeddings.astype(np.float64)[0::2], embeddings.astype(np.float64)[1::2], strict=True)
    ]
    expected = {
        "spearman_cosine": spearmanr(scores, cosines)[0],
        "pearson_cosine": pearsonr(scores, cosines)[0],
    }
    examples = [ScoredPair("a", "b", float(score)) for score in scores]
    assert_measured(PAIRS, examples, answers(2 * count, embeddings=embeddings), expected)


def test_pairs_are_asked_for_one_text_after_the_other_and_tags_with_their_words():
    request = request_of(PAIRS, [ScoredPair("a", "b", 0.5), ScoredPair("c", "d", 0.1)])
    assert (request.texts, request.words) == (["a", "b", "c", "d"], None)
    worded = detokenize(["U.S.", "Army"])
    request = request_of(NAMES, [TaggedText(worded, ("B-LOC", "O"))])
    assert request.words[0].tolist() == [[word.start, word.end] for word in worded.words]


@pytest.mark.parametrize(
    ("kind", "name", "known"),
    [
        (TaskKind.CLASSIFICATION, "accuracy", True),
        (TaskKind.CLASSIFICATION, "f1/some/label", True),
        (TaskKind.CLASSIFICATION, "f1", False),
        (TaskKind.TAGGING, "f1", True),
        (TaskKind.TAGGING, "recall/PER", True),
        (TaskKind.TAGGING, "recall/", False),
        (TaskKind.SIMILARITY, "spearman_cosine", True),
        (TaskKind.SIMILARITY, "accuracy", False),
        (TaskKind.SIMILARITY, "spearman_cosine/x", False),
    ],
)
def test_a_metric_belongs_to_a_kind_of_task(kind: TaskKind, name: str, known: bool):
    assert is_metric(TaskConfig(kind=kind), name) is known


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("micro_f1", True),
        ("subset_accuracy", True),
        ("mean_average_precision", True),
        ("f1/a", True),
        ("accuracy", False),
    ],
)
def test_a_multi_label_task_has_metrics_of_its_own(name: str, known: bool):
    assert is_metric(TaskConfig(kind=TaskKind.CLASSIFICATION, multi_label=True), name) is known
