"""Summaries of training embeddings: what is near stays inside, what lies elsewhere does not."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.metrics.pairwise import cosine_distances

from mtl.outside import LEAST_TEXTS, summarize, summary


@pytest.fixture
def few_centres(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summary, "_CENTRES", 40)


def around(count: int, *, size: int = 16, seed: int = 0, toward: int = 0) -> np.ndarray:
    """Vectors near one axis."""
    found = 0.3 * np.random.default_rng(seed).normal(size=(count, size))
    found[:, toward] += 1
    return found.astype(np.float32)


@pytest.mark.parametrize("count", [LEAST_TEXTS, 200])
def test_a_few_vectors_are_kept_as_they_are(count: int):
    train, asked = around(count), around(50, seed=1)
    expected = cosine_distances(asked, train).min(axis=1)
    np.testing.assert_allclose(summarize(train).distances(asked), expected, atol=2e-3)


@pytest.mark.parametrize("size", [16, 48])
def test_a_summary_of_many_has_a_limit_of_bytes(monkeypatch: pytest.MonkeyPatch, size: int):
    monkeypatch.setattr(summary, "_BYTES", 2_000)
    found = summarize(around(300, size=size))
    assert found.centres.nbytes <= 2_000 < summary._CENTRES * 2 * size
    assert np.isfinite(found.centres).all()


def test_what_lies_elsewhere_is_outside_of_many_too(few_centres: None):
    train, own, other = around(500), around(300, seed=1), around(300, seed=2, toward=3)
    found = summarize(train, around(300, seed=3))
    away = np.concatenate([found.distances(own), found.distances(other)])
    assert roc_auc_score([0] * 300 + [1] * 300, away) > 0.98
    assert found.is_outside(other).mean() > 0.9


@pytest.mark.parametrize("dev", [None, around(5, seed=4), around(400, seed=4)])
@pytest.mark.parametrize("count", [60, 500])
def test_nearly_all_texts_of_the_same_kind_lie_inside(few_centres: None, count: int, dev: np.ndarray | None):
    outside = summarize(around(count), dev).is_outside(around(2000, seed=5))
    assert 0.01 < outside.mean() < 0.12


@pytest.mark.parametrize("distinct", [1, 3, 40])
def test_texts_that_occur_many_times_are_inside_however_their_embeddings_are_rounded(distinct: int):
    train = np.repeat(around(distinct), 200 // distinct, axis=0)
    train += 1e-6 * np.random.default_rng(1).normal(size=train.shape).astype(np.float32)
    for dev in (None, train):
        found = summarize(train, dev)
        asked = train + 2e-3 * np.random.default_rng(2).normal(size=train.shape).astype(np.float32)
        assert found.is_outside(asked).mean() <= 0.06
        assert found.is_outside(-train).all()


def test_fewer_than_the_least_have_no_summary():
    assert summarize(around(LEAST_TEXTS - 1)) is None


def test_vectors_of_zeros_and_equal_ones_have_distances(few_centres: None):
    found = summarize(np.zeros((30, 4), dtype=np.float32))
    assert np.isfinite(found.distances(np.zeros((2, 4), dtype=np.float32))).all()
    same = summarize(np.ones((100, 4), dtype=np.float32))
    assert not same.is_outside(np.ones((1, 4), dtype=np.float32))[0]


def test_it_is_the_same_each_time(few_centres: None):
    first, again = (summarize(around(500)) for _ in range(2))
    np.testing.assert_array_equal(first.centres, again.centres)
    assert first.limit == again.limit
