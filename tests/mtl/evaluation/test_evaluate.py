"""A model measured on labelled examples."""

from pathlib import Path

import numpy as np
import pytest

from mtl.checkpoint.store import build
from mtl.data import Example, LabelledText, ScoredPair, TaggedText
from mtl.encoder import load_backbone
from mtl.errors import DataError, InputError
from mtl.inference import Engine
from mtl.labels import spans_of, tags_of, to_bio2
from mtl.metrics import classification_metrics, similarity_metrics, tagging_metrics
from mtl.model import TaskInfo
from mtl.recipe import Decoder, HeadConfig, TaskKind
from mtl.text import detokenize

TEXTS = ["the old doctor met anna", "bad film", "tom plays music in rome", "very good hotel", "a"]
WORDS = [["Anna", "met", "Tom", "in", "Rome", "."], ["doctor"], ["the"] * 60 + ["Berlin"]]


@pytest.fixture(scope="module", params=list(Decoder))
def engine(request: pytest.FixtureRequest, tiny_bert: Path) -> Engine:
    tasks = {
        "topic": TaskInfo("topic", TaskKind.CLASSIFICATION, ("a", "b", "c"), HeadConfig()),
        "names": TaskInfo("names", TaskKind.TAGGING, ("LOC", "PER"), HeadConfig(decoder=request.param)),
        "pairs": TaskInfo("pairs", TaskKind.SIMILARITY, (), HeadConfig()),
    }
    return Engine.of(build(load_backbone(str(tiny_bert), max_length=40), tasks), name="tiny", long_texts="cut")


def tagged(words: list[str], tags: list[str]) -> TaggedText:
    return TaggedText(detokenize(words), to_bio2(tags))


def test_classes_are_scored_as_the_engine_sees_them(engine: Engine):
    gold = ["a", "b", "unseen", "a", "c"]
    probabilities = [found["topic"] for found in engine.classify(TEXTS)]
    predicted = [max(p, key=lambda label, p=p: p[label]) for p in probabilities]
    examples = [LabelledText(text, label) for text, label in zip(TEXTS, gold, strict=True)]
    found = engine.evaluate("topic", examples)
    assert found.keys() >= {"ece", "brier"}
    expected = classification_metrics(gold, predicted)
    assert {name: found[name] for name in expected} == expected


def test_tags_are_scored_on_the_words_as_given(engine: Engine):
    gold = [["B-PER", "O", "B-PER", "O", "B-LOC", "O"], ["O"], ["O"] * 60 + ["B-LOC"]]
    predicted = []
    for words in WORDS:
        joined = detokenize(words)
        spans = [s for s in engine.tag([joined.text])[0]["names"]]
        starts = {word.start: i for i, word in enumerate(joined.words)}
        ends = {word.end: i + 1 for i, word in enumerate(joined.words)}
        found = [type(spans_of(["B-X"])[0])(starts[s["start"]], ends[s["end"]], s["entity_group"]) for s in spans]
        predicted.append(tags_of(found, len(words)))
    examples = [tagged(words, tags) for words, tags in zip(WORDS, gold, strict=True)]
    found = engine.evaluate("names", examples)
    assert found.keys() >= {"ece", "brier"}
    expected = tagging_metrics(gold, predicted)
    assert {name: found[name] for name in expected} == expected


def test_words_that_do_not_fit_count_as_outside(engine: Engine):
    found = engine.evaluate("names", [tagged(WORDS[2], ["O"] * 60 + ["B-LOC"])])
    assert found["recall/LOC"] == 0


def test_pairs_are_scored_by_the_cosine_of_their_embeddings(engine: Engine):
    pairs = [ScoredPair(a, b, score) for a, b, score in zip(TEXTS, TEXTS[1:], [0.1, 0.9, 0.5, 0.3], strict=False)]
    first, second = (
        engine.encode([getattr(p, side) for p in pairs], normalize_embeddings=True)
        for side in ("sentence1", "sentence2")
    )
    cosines = np.sum(first * second, axis=1).tolist()
    expected = similarity_metrics([p.score for p in pairs], cosines)
    assert engine.evaluate("pairs", pairs) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("task", "examples"),
    [
        ("topic", [ScoredPair("a", "b", 0.5)]),
        ("names", [LabelledText("a", "x")]),
        ("pairs", [ScoredPair("a", "b", 0.5), LabelledText("a", "x")]),
        ("topic", []),
    ],
)
def test_examples_of_another_kind_or_none_are_refused(engine: Engine, task: str, examples: list[Example]):
    with pytest.raises(DataError, match=f"^{task} is a .* task and needs examples of that kind$"):
        engine.evaluate(task, examples)


def test_a_task_that_the_engine_lacks_is_refused(engine: Engine):
    with pytest.raises(InputError, match="a task of topic, names, pairs was expected, was 'colour'"):
        engine.evaluate("colour", [LabelledText("a", "b")])
