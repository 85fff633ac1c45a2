import numpy as np
import pytest

from demo.maps import movement as moving
from demo.maps.movement import aligned, movement
from tests.mtl.metrics.test_neighbours import brute_force


def vectors(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, 12)).astype(np.float32)


def test_the_share_kept_is_that_of_brute_force():
    before, after = vectors(60), vectors(60) + 0.8 * vectors(60, 1)
    found = movement(before, after)
    for i, row in enumerate(found.rows):
        kept = set(brute_force(before, row, 10)) & set(brute_force(after, row, 10))
        assert found.kept[i] == pytest.approx(len(kept) / 10)
    assert found.overlap == pytest.approx(found.kept.mean())


def test_nothing_moved_when_both_spaces_are_the_same():
    assert movement(vectors(30), 3 * vectors(30)).overlap == 1.0


@pytest.mark.parametrize("count", [1, 2, 5])
def test_few_sentences_can_be_compared(count):
    found = movement(vectors(count), vectors(count, 1))
    assert found.before.shape == (count, count - 1)
    assert 0 <= found.overlap <= 1


def test_many_sentences_are_sampled(monkeypatch):
    monkeypatch.setattr(moving, "LIMIT", 10)
    assert len(movement(vectors(50), vectors(50)).rows) == 10


def test_a_turned_mirrored_and_scaled_map_is_brought_back():
    points = vectors(20)[:, :2]
    turn = np.array([[0.6, 0.8], [0.8, -0.6]], dtype=np.float32)
    np.testing.assert_allclose(aligned(points @ turn * 3 + 7, points), points, atol=1e-4)


def test_equal_points_can_be_aligned():
    assert np.isfinite(aligned(np.ones((4, 2), dtype=np.float32), vectors(4)[:, :2])).all()
