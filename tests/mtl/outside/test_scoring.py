"""Scores of several tasks in one product are those of each summary alone."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mtl.outside import OutsideScorer, Summary, scoring


def summary(draw: np.random.Generator, count: int, size: int) -> Summary:
    return Summary(draw.normal(size=(count, size)).astype(np.float16), float(draw.uniform(0, 1)))


@given(st.lists(st.integers(1, 9), max_size=3), st.integers(0, 7), st.integers(1, 5), st.integers(0, 99))
def test_each_task_gets_the_distance_from_its_own_centres(counts: list[int], texts: int, size: int, seed: int):
    draw = np.random.default_rng(seed)
    summaries = {f"task {i}": summary(draw, count, size) for i, count in enumerate(counts)}
    embeddings = draw.normal(size=(texts, size)).astype(np.float32)
    found = OutsideScorer(summaries)(embeddings)
    assert [list(one) for one in found] == [list(summaries)] * texts
    for task, one in summaries.items():
        np.testing.assert_allclose([row[task].distance for row in found], one.distances(embeddings), atol=1e-6)
        assert all(0 <= row[task].distance <= 2 for row in found)
        assert all(row[task].is_outside is (row[task].distance > one.limit) for row in found)


def test_many_texts_are_scored_a_few_at_a_time(monkeypatch):
    draw = np.random.default_rng(0)
    scorer, embeddings = OutsideScorer({"a": summary(draw, 5, 4)}), draw.normal(size=(10, 4)).astype(np.float32)
    expected = scorer(embeddings)
    monkeypatch.setattr(scoring, "_BLOCK", 3)
    assert [one["a"].is_outside for one in scorer(embeddings)] == [one["a"].is_outside for one in expected]
    distances = [[one["a"].distance for one in rows] for rows in (scorer(embeddings), expected)]
    np.testing.assert_allclose(*distances, atol=1e-6)


def test_the_length_of_an_embedding_does_not_matter_and_zeros_have_a_score():
    draw = np.random.default_rng(0)
    scorer, one = OutsideScorer({"a": summary(draw, 5, 4)}), draw.normal(size=(1, 4)).astype(np.float32)
    assert abs(scorer(1000 * one)[0]["a"].distance - scorer(one)[0]["a"].distance) < 1e-6
    assert scorer(0 * one)[0]["a"].distance == 1
