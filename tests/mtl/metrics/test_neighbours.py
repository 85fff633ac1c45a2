"""Nearest neighbours by cosine, against brute force."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mtl.metrics.neighbours import Neighbours, share_kept, unit_length


def vectors(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 12)).astype(np.float32)


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.dot(a, b) / np.linalg.norm(a) / np.linalg.norm(b))


def brute_force(some: np.ndarray, row: int, count: int) -> list[int]:
    others = [i for i in range(len(some)) if i != row]
    return sorted(others, key=lambda i: -cosine(some[row], some[i]))[:count]


@given(st.integers(0, 10**6), st.integers(2, 40), st.integers(1, 12))
def test_the_nearest_others_are_those_of_brute_force(seed: int, count: int, wanted: int):
    some = vectors(count, seed)
    rows = np.arange(0, count, 3)
    for row, found in zip(rows, Neighbours(some).others(rows, count=wanted).tolist(), strict=True):
        assert row not in found
        expected = [cosine(some[row], some[i]) for i in brute_force(some, row, wanted)]
        assert [cosine(some[row], some[i]) for i in found] == pytest.approx(expected, abs=1e-6)


def test_the_nearest_of_a_query_come_with_their_cosines():
    some, query = vectors(30), vectors(1, 7)
    found = Neighbours(some).of(query, count=5)
    order = sorted(range(30), key=lambda i: -cosine(query[0], some[i]))[:5]
    assert found.positions.tolist() == [order]
    np.testing.assert_allclose(found.cosines[0], [cosine(query[0], some[i]) for i in order], atol=1e-6)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_there_are_never_more_neighbours_than_vectors(count: int):
    assert Neighbours(vectors(count)).of(vectors(1), count=9).positions.shape == (1, count)
    assert Neighbours(vectors(count)).others(np.arange(count), count=9).shape == (count, count - 1)


def test_a_vector_is_no_neighbour_of_its_own_among_many_that_are_equal():
    found = Neighbours(np.ones((50, 4), dtype=np.float32)).others(np.arange(50), count=10)
    assert found.shape == (50, 10)
    assert all(row not in neighbours for row, neighbours in enumerate(found.tolist()))


@pytest.mark.parametrize("number", [0, np.nan, np.inf])
def test_a_vector_without_a_direction_is_farther_than_the_opposite_one(number: float):
    some = np.array([[number, 0], [1, 0], [1, 0.1], [-1, 0]], dtype=np.float32)
    assert Neighbours(some).others(np.array([1]), count=3).tolist() == [[2, 3, 0]]
    found = Neighbours(some).of(some[1:2], count=4)
    np.testing.assert_allclose(Neighbours(some).cosines(some[1]), [0, 1, cosine(some[1], some[2]), -1], atol=1e-6)
    np.testing.assert_allclose(found.cosines, [[1, cosine(some[1], some[2]), -1, 0]], atol=1e-6)


def test_lengths_are_1_and_a_zero_vector_stays_zero():
    some = np.concatenate([np.zeros((1, 12), dtype=np.float32), vectors(9)])
    np.testing.assert_allclose(np.linalg.norm(unit_length(some), axis=1), [0, *[1] * 9], atol=1e-6)


def test_the_share_kept_counts_neighbours_in_both():
    before, after = np.array([[1, 2], [3, 4]]), np.array([[2, 5], [4, 3]])
    assert share_kept(before, after).tolist() == [0.5, 1.0]
    assert share_kept(np.empty((2, 0), dtype=int), np.empty((2, 0), dtype=int)).tolist() == [1.0, 1.0]
