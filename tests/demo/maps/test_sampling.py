import numpy as np

from demo.maps.sampling import sample


def test_all_rows_are_kept_where_they_fit():
    assert sample(5, 5).tolist() == [0, 1, 2, 3, 4]


def test_a_sample_is_seeded_ordered_and_part_of_a_larger_one():
    small, large = sample(1000, 50), sample(1000, 300)
    assert len(set(small.tolist())) == 50
    assert (np.diff(small) > 0).all()
    assert set(small.tolist()) < set(large.tolist())
    np.testing.assert_array_equal(small, sample(1000, 50))
