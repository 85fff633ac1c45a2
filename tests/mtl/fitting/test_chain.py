from itertools import product

import numpy as np
import pytest

from mtl.fitting.chain import legal_chain
from mtl.labels import TagSet


@pytest.mark.parametrize("types", [("A",), ("A", "B")])
def test_marginals_and_the_share_of_legal_sequences_are_those_of_adding_up_every_sequence(types):
    tags, rng = TagSet(types), np.random.default_rng(len(types))
    size, lengths = len(tags.tags), [4, 1, 3]
    probabilities = rng.dirichlet(np.ones(size), (len(lengths), max(lengths))).astype("f4")
    mask = np.arange(max(lengths)) < np.array(lengths)[:, None]
    found = legal_chain(probabilities, mask)
    starts, follows = tags.legal_starts(), tags.legal_transitions()
    for row, length in enumerate(lengths):
        expected = np.zeros((length, size))
        for path in product(range(size), repeat=length):
            if starts[path[0]] and all(follows[a, b] for a, b in zip(path, path[1:], strict=False)):
                chance = np.prod([probabilities[row, i, tag] for i, tag in enumerate(path)])
                for i, tag in enumerate(path):
                    expected[i, tag] += chance
        total = expected[0].sum()
        assert found.log_legal[row] == pytest.approx(np.log(total), abs=1e-4)
        np.testing.assert_allclose(found.marginals[row, :length], expected / total, atol=1e-4)
    assert not found.marginals[~mask].any()
