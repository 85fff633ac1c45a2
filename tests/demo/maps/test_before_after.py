import numpy as np
import pytest

from demo.answers import passes
from demo.maps.before_after import change
from tests.demo.fakes import FakeModel, analysis, entity
from tests.mtl.metrics.test_neighbours import brute_force, cosine

TEXTS = [f"sentence number {i} of {i * i}" for i in range(12)]


class Moved(FakeModel):
    def analyze(self, sentences):
        found = []
        for text in sentences:
            one = analysis(text, entities=[entity("PER", 0, 8, text)])
            noise = np.random.default_rng(len(text) + ord(text[-1])).normal(size=8).astype(np.float32)
            classes = {"topic": {"sports": 0.1, "travel": 0.9}}
            found.append(type(one)(text, one.embedding + noise, classes, one.entities, one.tokens, None))
        return found


class Bare(FakeModel):
    tasks = {}

    def analyze(self, sentences):
        return [type(one)(one.text, np.zeros(4, np.float32), {}, {}, 1, None) for one in map(analysis, sentences)]


def run(model, texts=TEXTS):
    return passes.analyze_texts(model, texts)


def test_drift_and_neighbours_are_those_of_brute_force():
    before, after = run(FakeModel()), run(Moved())
    found, rows = change(before, after), range(len(TEXTS))
    cosines = [cosine(before.vectors[i], after.vectors[i]) for i in rows]
    both = [set(brute_force(before.vectors, i, 10)) & set(brute_force(after.vectors, i, 10)) for i in rows]
    np.testing.assert_allclose(found.cosines, cosines, atol=1e-6)
    assert found.drift == pytest.approx(1 - np.mean(cosines), abs=1e-5)
    assert found.overlap == pytest.approx(np.mean([len(kept) / 10 for kept in both]))


def test_answers_before_and_after_stand_side_by_side():
    topic, entities = change(run(FakeModel()), run(Moved())).answers[0]
    assert (topic.before, topic.after, topic.changed) == (("sports",), ("travel",), True)
    assert (entities.before, entities.after) == ((), ("sentence PER",))


def test_nothing_changes_beside_itself():
    found = change(run(FakeModel()), run(FakeModel()))
    assert found.drift == pytest.approx(0, abs=1e-6)
    assert found.overlap == 1
    assert not any(answer.changed for row in found.answers for answer in row)
    assert np.allclose(*found.places)


def test_a_model_without_heads_in_another_space_is_held_against_too():
    found = change(run(Bare()), run(FakeModel()))
    assert found.answers[0][0].before is None
    assert (found.drift, found.places) == (None, None)


def test_one_sentence_has_no_map_and_no_neighbours():
    found = change(run(FakeModel(), ["one"]), run(Moved(), ["one"]))
    assert (found.places, found.overlap) == (None, None)
