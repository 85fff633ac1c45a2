"""The multiple negatives ranking loss against sums of cross entropies, and against that of sentence-transformers."""

import math
from collections.abc import Sequence

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from mtl.heads import SimilarityHead
from mtl.recipe import HeadConfig, SimilarityLoss

Pair = tuple[int, int, float]
SIZE = 4
HEAD = SimilarityHead(HeadConfig(loss=SimilarityLoss.MULTIPLE_NEGATIVES))
PAIRS = st.lists(
    st.tuples(st.integers(0, 5), st.integers(0, 5), st.sampled_from([0.0, 0.49, 0.5, 1.0])), min_size=1, max_size=10
)


def vectors(seed: int, count: int) -> Tensor:
    return torch.randn(count, SIZE, generator=torch.Generator().manual_seed(seed))


def loss_of(pairs: Sequence[Pair], of_texts: Tensor) -> Tensor:
    texts = torch.tensor([pair[:2] for pair in pairs])
    compared = HEAD(of_texts[texts[:, 0]], of_texts[texts[:, 1]])
    return HEAD.loss(compared, torch.tensor([score for *_, score in pairs]), texts)


def brute_force(pairs: Sequence[Pair], of_texts: Tensor) -> Tensor:
    """The mean over positive pairs of the cross entropy of the partner among all that may be wrong."""
    unit = normalize(of_texts, dim=1)
    known = {both for first, second, score in pairs if score >= 0.5 for both in ((first, second), (second, first))}
    terms = []
    for i, (first, second, score) in enumerate(pairs):
        if score < 0.5:
            continue
        others = [
            text for j, (_, text, _) in enumerate(pairs) if j != i and text != first and (first, text) not in known
        ]
        logits = 20 * torch.stack([unit[first] @ unit[text] for text in (second, *others)])
        terms.append(cross_entropy(logits[None], torch.tensor([0])))
    return torch.stack(terms).mean() if terms else torch.zeros(())


@given(PAIRS, st.integers(0, 999))
def test_the_loss_and_its_gradient_are_those_of_a_choice_among_all_that_is_not_right(pairs: list[Pair], seed: int):
    given_to = [vectors(seed, 6).requires_grad_() for _ in range(2)]
    found, expected = loss_of(pairs, given_to[0]), brute_force(pairs, given_to[1])
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)
    found.backward()
    assert torch.isfinite(given_to[0].grad).all()
    if any(score >= 0.5 for *_, score in pairs):
        expected.backward()
        torch.testing.assert_close(given_to[0].grad, given_to[1].grad, rtol=1e-3, atol=1e-4)


@given(st.integers(1, 8), st.integers(0, 999), st.booleans())
def test_it_is_that_of_sentence_transformers_where_all_texts_differ(count: int, seed: int, triplets: bool):
    from sentence_transformers import losses

    columns = [vectors(seed + i, count) for i in range(3 if triplets else 2)]
    expected = losses.MultipleNegativesRankingLoss(None).compute_loss_from_embeddings(columns, torch.zeros(count))
    pairs = [(i, count + i, 1.0) for i in range(count)]
    pairs += [(i, 2 * count + i, 0.0) for i in range(count)] if triplets else []
    torch.testing.assert_close(loss_of(pairs, torch.cat(columns)), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("pairs", [[(0, 1, 0.0), (2, 3, 0.4)], [(0, 1, 0.2)], [(0, 1, 1.0)]])
def test_where_nothing_is_positive_or_wrong_the_loss_and_its_gradient_are_zero(pairs: list[Pair]):
    of_texts = vectors(0, 4).requires_grad_()
    loss = loss_of(pairs, of_texts)
    loss.backward()
    assert float(loss.detach()) == 0
    assert torch.equal(of_texts.grad, torch.zeros(4, SIZE))


@pytest.mark.parametrize(
    ("others", "negatives"),
    [
        ([(2, 3, 0.0)], [1]),
        ([(0, 3, 0.0)], [1]),
        ([(2, 0, 0.0)], [0]),  # the sentence itself
        ([(2, 1, 0.0)], [0]),  # its partner, as the negative of another sentence
        ([(0, 3, 1.0)], [0, 0]),  # another partner
        ([(0, 3, 1.0), (2, 3, 0.0)], [0, 0]),
        ([(2, 3, 1.0)], [1, 1]),
        ([(2, 1, 1.0)], [0, 0]),
        ([(2, 3, 0.0), (4, 3, 0.0)], [2]),  # as often as it is there
    ],
)
def test_of_equal_embeddings_the_loss_counts_the_negatives(others: list[Pair], negatives: list[int]):
    expected = sum(math.log(1 + count) for count in negatives) / len(negatives)
    assert float(loss_of([(0, 1, 1.0), *others], torch.ones(5, SIZE))) == pytest.approx(expected, abs=1e-6)


def test_under_autocast_it_computes_in_full_precision():
    pairs = [(i, i + 4, float(i != 3)) for i in range(4)]
    of_texts = vectors(2, 8)
    with torch.autocast("cpu", torch.bfloat16):
        found = loss_of(pairs, of_texts)
    assert found.dtype == torch.float32
    assert torch.equal(found, loss_of(pairs, of_texts))
