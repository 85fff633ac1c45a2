import numpy as np
import pytest

from demo.maps.projection import LIMITS, Projection, project, used


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


def test_pca_of_many_sentences_has_the_axes_of_the_exact_one():
    rng = np.random.default_rng(1)
    many = (rng.normal(size=(6_000, 16)) * np.linspace(3, 1, 16)).astype(np.float32)
    exact = np.linalg.svd(many - many.mean(axis=0), full_matrices=False)
    found = project(many, Projection.PCA)
    np.testing.assert_allclose(np.abs(found), np.abs(exact[0][:, :2] * exact[1][:2]), atol=2e-2)
