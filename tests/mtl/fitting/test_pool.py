import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mtl.errors import DataError, InputError
from mtl.fitting import (
    FitOptions,
    LabelledTexts,
    LinearHead,
    build_pool,
    fit_classes,
    fit_spans,
    fit_spans_near,
    guess_spans,
)
from mtl.fitting.attaching import FittedSpans, attach_heads
from mtl.home import home
from mtl.inference import Engine
from mtl.labels import TypedSpan
from tests.mtl.fitting.examples import LONG, classes, spans
from tests.tiny import HIDDEN

TEXTS = [e.text for e in (*classes(), *spans())] + [LONG, "", "anna\u200b met tom", f"tom met {LONG}"]
SPANS = {i: list(e.char_spans()) for i, e in enumerate(spans(), start=len(classes()))}
OPTIONS = FitOptions(l2=0.05)


@pytest.fixture(scope="module")
def pool(engine):
    return build_pool(engine, TEXTS, words=True)


@pytest.fixture(scope="module")
def heads(pool):
    topics = LabelledTexts(("bank", "film", "river"), {i: e.label for i, e in enumerate(classes())})
    return fit_classes(pool, topics, options=OPTIONS), fit_spans(pool, SPANS, ("LOC", "PER"), options=OPTIONS)


@pytest.fixture(scope="module")
def attached(engine, pool, heads):
    return attach_heads(engine, {"place": heads[0], "names": FittedSpans(heads[1], pool.words.mix)})


def test_a_head_gives_for_a_pool_what_an_engine_with_it_gives_for_the_texts(pool, heads, attached):
    found = heads[0].probabilities(pool)
    expected = [list(one["place"].values()) for one in attached.classify(TEXTS)]
    np.testing.assert_allclose(found, expected, atol=2e-3)
    some = np.array([3, len(TEXTS) - 1, 0])
    np.testing.assert_allclose(heads[0].probabilities(pool, some), found[some], atol=1e-6)


def test_a_span_head_guesses_for_a_pool_what_an_engine_with_it_finds(pool, heads, attached):
    guesses = guess_spans(pool, heads[1])
    for found, expected in zip(guesses.entities, attached.tag(TEXTS), strict=True):
        assert found == [{**e, "score": pytest.approx(e["score"], abs=5e-3)} for e in expected["names"]]
    some = np.array([len(TEXTS) - 1, 30, 2])
    part = guess_spans(pool, heads[1], some)
    assert part.entities == tuple(guesses.entities[i] for i in some)
    np.testing.assert_allclose(part.confidence, guesses.confidence[some], atol=1e-5)
    np.testing.assert_allclose(part.least, guesses.least[some], atol=1e-5)


def test_confidence_is_a_probability_and_highest_where_spans_are_known(pool, heads):
    guesses = guess_spans(pool, heads[1])
    assert ((guesses.confidence > 0) & (guesses.confidence <= 1)).all()
    assert (guesses.least >= guesses.confidence - 1e-5).all()  # a word's tag is right wherever all tags are
    assert guesses.confidence[list(SPANS)].min() > guesses.confidence[: len(classes())].mean()
    assert (guesses.confidence[TEXTS.index("")], guesses.least[TEXTS.index("")]) == (1, 1)


def test_a_pool_is_read_from_disk_the_second_time_and_by_the_same_model_alone(engine, pool, monkeypatch):
    def fail(*_args, **_kwargs):
        raise AssertionError("it was computed again")

    monkeypatch.setattr("mtl.fitting.building.fill_rows", fail)
    again = build_pool(engine, TEXTS, words=True)
    np.testing.assert_array_equal(again.vectors, pool.vectors)
    every = np.arange(len(pool.words.at))
    np.testing.assert_array_equal(again.words.values(every), pool.words.values(every))
    with pytest.raises(AssertionError):
        build_pool(engine, TEXTS[1:], words=True)


def test_vectors_are_the_pooled_ones_of_the_engine(engine, pool):
    np.testing.assert_allclose(build_pool(engine, TEXTS).vectors, engine.encode(TEXTS), atol=1e-5)
    assert pool.vectors.shape == (len(TEXTS), HIDDEN)


def test_progress_is_told_and_what_it_raises_ends_the_work(engine):
    told = []
    build_pool(engine, ["the old film", "a new river"], progress=lambda *both: told.append(both))
    assert told[-1] == (2, 2)

    def stop(_done, _total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_pool(engine, ["three new hotel"], progress=stop)
    assert not [place for place in (home() / "cache").iterdir() if place.name.endswith(".writing")]


@pytest.mark.parametrize("texts", [[], ["a"] * 100_001, ["a", 3]])
def test_only_a_bounded_number_of_texts_is_taken(engine, texts):
    with pytest.raises(InputError, match="1 to 100,000 texts were expected"):
        build_pool(engine, texts)


def test_spans_need_a_pool_with_words(engine):
    with pytest.raises(DataError, match="a pool with states of words was expected"):
        fit_spans(build_pool(engine, ["anna met tom"]), {0: [TypedSpan(0, 4, "PER")]}, ("PER",))


def test_a_warm_start_ends_where_a_cold_one_does_whatever_labels_come_and_go(pool, heads):
    answers = {i: e.label for i, e in enumerate(classes())}
    more = LabelledTexts(("moon", "film", "bank"), {**answers, 5: "moon", 6: "moon"})
    cold, warm = fit_classes(pool, more, options=OPTIONS), fit_classes(pool, more, options=OPTIONS, start=heads[0])
    np.testing.assert_allclose(cold.probabilities(pool), warm.probabilities(pool), atol=0.02)
    types = ("ORG", "PER")
    cold, warm = (fit_spans(pool, SPANS, types, options=OPTIONS, start=start) for start in (None, heads[1]))
    assert guess_spans(pool, cold).confidence == pytest.approx(guess_spans(pool, warm).confidence, abs=0.03)


def test_a_prior_decides_where_there_is_no_example(pool):
    rng = np.random.default_rng(0)
    prior = LinearHead(("a", "b"), rng.standard_normal((HIDDEN, 2)).astype("f4"), np.zeros(2, "f4"))
    nothing = LabelledTexts(("a", "b"), {})
    np.testing.assert_allclose(
        fit_classes(pool, nothing, prior=prior).probabilities(pool), prior.probabilities(pool), atol=1e-4
    )
    assert np.ptp(fit_classes(pool, nothing).probabilities(pool)) < 1e-6


def test_a_prior_for_spans_is_the_head_until_examples_say_otherwise(pool, heads):
    _, prior = heads
    same = fit_spans_near(pool, {}, prior)
    found, expected = guess_spans(pool, same), guess_spans(pool, prior)
    np.testing.assert_allclose(found.confidence, expected.confidence, atol=1e-4)
    swapped = {
        i: [TypedSpan(s.start, s.end, {"LOC": "PER", "PER": "LOC"}[s.label]) for s in own] for i, own in SPANS.items()
    }
    strict, free = (fit_spans_near(pool, swapped, prior, options=FitOptions(l2=l2)) for l2 in (1e4, 0.05))
    rows = np.array(list(SPANS))
    assert guess_spans(pool, strict, rows).entities[0][0]["entity_group"] == "PER"
    assert guess_spans(pool, free, rows).entities[0][0]["entity_group"] == "LOC"


def test_texts_and_heads_need_no_torch(engine, tmp_path):
    """The page starts without torch; a model that was prepared before runs by OpenVINO."""
    folder = attach_heads(engine, {}).save(tmp_path / "model")
    Engine.load(folder, backend="openvino", precision="fp32")
    program = (
        "import sys; from mtl import Engine; from mtl.fitting import *\n"
        f"engine = Engine.load({str(folder)!r}, backend='openvino', precision='fp32')\n"
        "pool = build_pool(engine, ['the old film', 'a river'])\n"
        "fit_classes(pool, LabelledTexts(('a', 'b'), {0: 'a', 1: 'b'})).probabilities(pool)\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(__file__).parents[3])
