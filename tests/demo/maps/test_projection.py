import numpy as np
import pytest

from demo.maps.projection import LIMITS, Axes, Projection, project, used


def vectors(count: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(count, 16)).astype(np.float32)


@pytest.mark.parametrize("method", list(Projection))
@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_few_sentences_have_a_map_with_every_method(method, count):
    points = project(vectors(count), method)
    assert points.shape == (count, 2)
    assert np.isfinite(points).all()


@pytest.mark.parametrize("method", list(Projection))
def test_equal_sentences_have_a_map(method):
    points = project(np.ones((9, 16), dtype=np.float32), method)
    assert np.isfinite(points).all()


@pytest.mark.parametrize("method", list(Projection))
def test_a_projection_is_seeded(method):
    some = vectors(20)
    np.testing.assert_array_equal(project(some, method), project(some, method))


def test_pca_keeps_the_variance_of_the_two_largest_axes():
    some = vectors(40)
    largest = np.linalg.svd(some - some.mean(axis=0), compute_uv=False)[:2]
    np.testing.assert_allclose(np.linalg.norm(project(some, Projection.PCA), axis=0), largest, rtol=1e-4)


def test_a_projection_says_what_it_left_out():
    assert used(vectors(LIMITS[Projection.TSNE] + 1), Projection.TSNE) == (
        "t-SNE of 1,000 of 1,001 sentences, a seeded sample"
    )
    assert used(vectors(3), Projection.UMAP).startswith("PCA, since UMAP needs")
    assert used(vectors(30), Projection.PCA) == "PCA"


@pytest.mark.parametrize("shape", [(6_000, 16), (40, 64), (64, 40), (17, 16), (3, 16), (9, 1)])
def test_pca_has_the_axes_of_the_exact_one_and_signs_that_only_the_vectors_decide(shape):
    rng = np.random.default_rng(1)
    some = (rng.normal(size=shape) * np.linspace(3, 1, shape[1])).astype(np.float32)
    left, scale, _ = np.linalg.svd((some - some.mean(axis=0)).astype(np.float64), full_matrices=False)
    expected = np.zeros((shape[0], 2))
    expected[:, : min(2, shape[1])] = left[:, :2] * scale[:2]
    found = project(some, Projection.PCA)
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=2e-2)
    np.testing.assert_allclose(project(some[::-1], Projection.PCA)[::-1], found, atol=2e-2)


def test_other_vectors_fall_onto_the_same_axes():
    some = vectors(30)
    axes = Axes(some)
    np.testing.assert_allclose(axes.points(some[4:6]), axes.points(some)[4:6], atol=1e-5)
    np.testing.assert_allclose(axes.points(some.mean(axis=0, keepdims=True)), np.zeros((1, 2)), atol=1e-5)
