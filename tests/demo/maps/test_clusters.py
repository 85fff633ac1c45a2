import numpy as np
import pytest

from demo.maps.clusters import cluster


def bunches() -> np.ndarray:
    rng = np.random.default_rng(0)
    centres = np.eye(3, 8, dtype=np.float32)
    return np.concatenate([centres[i] + 0.05 * rng.normal(size=(size, 8)) for i, size in enumerate((9, 5, 3))]).astype(
        np.float32
    )


def test_clusters_are_the_bunches_numbered_by_size():
    assert cluster(bunches(), 3) == ("cluster 1",) * 9 + ("cluster 2",) * 5 + ("cluster 3",) * 3


def test_clusters_are_seeded():
    assert cluster(bunches(), 4) == cluster(bunches(), 4)


@pytest.mark.parametrize("count", [1, 2, 3])
def test_few_or_equal_sentences_have_fewer_clusters(count):
    assert set(cluster(np.ones((count, 4), dtype=np.float32), 8)) == {"cluster 1"}
