"""How far an embedding moved, against brute force; correlations against their definitions."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl.metrics import embedding_metrics, similarity_metrics

NEIGHBOURS = 10
NUMBERS = st.lists(st.integers(-4, 4).map(float), min_size=2, max_size=12)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(sum(x * y for x, y in zip(a, b, strict=True))) / (math.hypot(*a) * math.hypot(*b))


def nearest(vectors: np.ndarray, row: int, count: int) -> set[int]:
    others = [i for i in range(len(vectors)) if i != row]
    return set(sorted(others, key=lambda i: -cosine(vectors[row], vectors[i]))[:count])


def brute_force(before: np.ndarray, after: np.ndarray, neighbours: int = NEIGHBOURS) -> dict[str, float]:
    rows = range(len(before))
    drift = 1 - sum(cosine(before[i], after[i]) for i in rows) / len(rows)
    count = min(neighbours, len(rows) - 1)
    kept = sum(len(nearest(before, i, count) & nearest(after, i, count)) for i in rows)
    return {"drift": drift, "neighbour_overlap": kept / (count * len(rows))}


def random_vectors(seed: int, rows: int, size: int = 6) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, size)).astype(np.float32)


@given(st.integers(0, 10**6), st.integers(2, 25), st.floats(0, 3))
def test_both_figures_are_those_of_brute_force(seed: int, rows: int, noise: float):
    before = random_vectors(seed, rows)
    after = before + np.float32(noise) * random_vectors(seed + 1, rows)
    assert embedding_metrics(before, after) == pytest.approx(brute_force(before, after), abs=1e-5)


@given(st.integers(0, 10**6), st.integers(1, 8))
def test_the_number_of_neighbours_can_be_chosen(seed: int, neighbours: int):
    before, after = random_vectors(seed, 15), random_vectors(seed + 1, 15)
    found = embedding_metrics(before, after, neighbours=neighbours)
    assert found == pytest.approx(brute_force(before, after, neighbours), abs=1e-5)


@pytest.mark.parametrize("rows", [1, 2, 5, 40])
def test_where_nothing_moved_drift_is_0_and_all_neighbours_stay(rows: int):
    vectors = random_vectors(0, rows)
    assert embedding_metrics(vectors, vectors.copy()) == {
        "drift": pytest.approx(0, abs=1e-6),
        "neighbour_overlap": 1.0,
    }


def test_length_is_no_movement():
    vectors = random_vectors(0, 30)
    lengths = np.linspace(0.1, 9, 30, dtype=np.float32)[:, None]
    assert embedding_metrics(vectors, vectors * lengths) == {
        "drift": pytest.approx(0, abs=1e-6),
        "neighbour_overlap": 1.0,
    }


def test_a_turn_of_all_vectors_drifts_and_keeps_every_neighbour():
    vectors = random_vectors(0, 30)
    turn, _ = np.linalg.qr(random_vectors(1, 6))
    found = embedding_metrics(vectors, vectors @ turn)
    assert found["drift"] > 0.3
    assert found["neighbour_overlap"] > 0.99


def test_opposite_vectors_have_drift_2():
    vectors = random_vectors(0, 30)
    assert embedding_metrics(vectors, -vectors)["drift"] == pytest.approx(2)


def test_drift_is_never_negative():
    for seed in range(50):
        vectors = random_vectors(seed, 3)
        assert embedding_metrics(vectors, vectors * np.float32(1.1))["drift"] >= 0


def test_the_vector_of_no_direction_is_no_division_by_zero():
    vectors = random_vectors(0, 4)
    vectors[1] = 0
    found = embedding_metrics(vectors, vectors)
    assert found["drift"] == pytest.approx(0.25)
    assert found["neighbour_overlap"] == 1.0


def test_nothing_that_is_given_is_changed():
    before, after = random_vectors(0, 5), random_vectors(1, 5)
    copies = before.copy(), after.copy()
    embedding_metrics(before, after)
    assert np.array_equal(before, copies[0])
    assert np.array_equal(after, copies[1])


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("count", [1, 20])
def test_embeddings_that_are_not_finite_have_not_stayed_where_they_were(value: float, side: int, count: int):
    vectors = [np.random.default_rng(0).normal(size=(count, 4)).astype(np.float32) for _ in range(2)]
    vectors[side][0, 0] = value
    assert all(np.isnan(found) for found in embedding_metrics(*vectors).values())


def pearson(x: np.ndarray, y: np.ndarray) -> float:
    return float(np.corrcoef(x, y)[0, 1])


def ranks(values: list[float]) -> np.ndarray:
    return np.array([np.mean([i + 1 for i, v in enumerate(sorted(values)) if v == value]) for value in values])


@given(st.data())
def test_correlations_are_those_of_values_and_of_mean_ranks(data: st.DataObject):
    scores = data.draw(NUMBERS.filter(lambda v: len(set(v)) > 1))
    cosines = data.draw(st.lists(st.integers(-4, 4).map(float), min_size=len(scores), max_size=len(scores)))
    metrics = similarity_metrics(scores, cosines)
    if len(set(cosines)) == 1:
        assert metrics == {"spearman_cosine": 0, "pearson_cosine": 0}
    else:
        assert metrics["pearson_cosine"] == pytest.approx(pearson(np.array(scores), np.array(cosines)), abs=1e-9)
        assert metrics["spearman_cosine"] == pytest.approx(pearson(ranks(scores), ranks(cosines)), abs=1e-9)


@pytest.mark.parametrize(("scores", "cosines"), [([], []), ([0.5], [0.1]), ([1.0, 1.0], [0.1, 0.2])])
def test_too_few_or_constant_scores_give_zero(scores: list[float], cosines: list[float]):
    assert similarity_metrics(scores, cosines) == {"spearman_cosine": 0, "pearson_cosine": 0}
