import numpy as np

from demo.maps import similarity
from mtl.metrics.neighbours import Neighbours


def test_cosines_equal_the_formula_and_a_zero_vector_gives_zero():
    vectors = np.array([[3, 4], [4, 3], [0, 0]], dtype=np.float32)
    found = similarity.cosine_matrix(vectors)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [[1, 0.96, 0], [0.96, 1, 0], [0, 0, 0]], atol=1e-6)


def test_order_puts_alike_rows_side_by_side():
    angles = np.array([0.0, 1.5, 0.1, 1.4, 0.05])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    order = similarity.order(similarity.cosine_matrix(vectors))
    assert sorted(order) == [0, 1, 2, 3, 4]
    assert abs(order.index(1) - order.index(3)) == 1


def test_order_of_equal_and_of_few_sentences():
    assert similarity.order(np.ones((1, 1), dtype=np.float32)) == [0]
    assert sorted(similarity.order(np.ones((6, 6), dtype=np.float32))) == list(range(6))


def test_nearest_are_sorted_by_cosine():
    vectors = np.array([[1, 0], [0, 1], [1, 1]], dtype=np.float32)
    found = similarity.nearest_to_query(np.array([1, 0.1], dtype=np.float32), Neighbours(vectors), count=2)
    assert [near.index for near in found] == [0, 2]
    assert found[0].cosine > found[1].cosine
