"""Probabilities in NumPy against those of torch in double precision."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mtl.decoding import ModelOutput, softmax
from mtl.decoding.probabilities import log_softmax, logsumexp

ARRAYS = st.builds(
    lambda seed, rows, columns, scale: (
        np.random.default_rng(seed).normal(scale=scale, size=(rows, columns)).astype(np.float32)
    ),
    st.integers(0, 99),
    st.integers(1, 4),
    st.integers(1, 6),
    st.sampled_from([0.1, 3.0, 1e3]),
)


@given(ARRAYS)
def test_probabilities_are_those_of_torch(logits: np.ndarray):
    exact = torch.from_numpy(logits).double()
    np.testing.assert_allclose(softmax(logits), torch.softmax(exact, -1).numpy(), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(log_softmax(logits), torch.log_softmax(exact, -1).numpy(), rtol=1e-5, atol=1e-4)
    for axis in (0, 1):
        np.testing.assert_allclose(
            logsumexp(logits, axis=axis), torch.logsumexp(exact, axis).numpy(), rtol=1e-5, atol=1e-4
        )


@pytest.mark.parametrize(("begin", "end"), [(0, 4), (1, 3), (2, 2)])
def test_a_part_of_the_answers_has_those_of_its_texts(begin: int, end: int):
    rows, counts = np.arange(8, dtype=np.float32).reshape(4, 2), np.arange(4)
    whole = ModelOutput(rows, {"topic": rows + 10}, {"names": list("abcd")}, counts, counts + 1, {0: 5, 2: 9})
    part = whole.part(begin, end)
    assert part.embeddings.tolist() == rows[begin:end].tolist()
    assert part.classes["topic"].tolist() == (rows + 10)[begin:end].tolist()
    assert part.tags["names"] == list("abcd")[begin:end]
    assert (part.tokens.tolist(), part.windows.tolist()) == (list(range(begin, end)), list(range(begin + 1, end + 1)))
    assert part.cut_at == {text - begin: cut for text, cut in {0: 5, 2: 9}.items() if text in range(begin, end)}
