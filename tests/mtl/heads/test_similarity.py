"""Similarity losses against their sums."""

import itertools
import math

import pytest
import torch
from torch.nn.functional import normalize

from mtl.heads import SimilarityHead
from mtl.recipe import HeadConfig, SimilarityLoss


def head_of(loss: SimilarityLoss) -> SimilarityHead:
    return SimilarityHead(HeadConfig(loss=loss))


def test_the_score_of_a_pair_is_its_cosine():
    first, second = torch.randn(5, 4), torch.randn(5, 4)
    expected = (normalize(first, dim=1) * normalize(second, dim=1)).sum(1)
    torch.testing.assert_close(head_of(SimilarityLoss.COSINE)(first, second), expected)


def test_the_cosine_loss_is_the_mean_squared_error():
    loss = head_of(SimilarityLoss.COSINE).loss(torch.tensor([0.5, -0.5]), torch.tensor([1.0, 0.0]))
    assert float(loss) == pytest.approx(0.25)


def test_the_cosent_loss_sums_over_pairs_in_the_wrong_order():
    cosines, scores = torch.tensor([0.3, 0.9, 0.1, 0.2]), torch.tensor([0.0, 0.5, 0.5, 1.0])
    pairs = itertools.permutations(range(4), 2)
    terms = [math.exp(20 * float(cosines[i] - cosines[j])) for i, j in pairs if scores[i] < scores[j]]
    assert len(terms) == 5
    assert float(head_of(SimilarityLoss.COSENT).loss(cosines, scores)) == pytest.approx(
        math.log1p(sum(terms)), rel=1e-5
    )


@pytest.mark.parametrize("scores", [[0.5], [0.5, 0.5]])
def test_the_cosent_loss_of_pairs_without_an_order_is_zero_with_a_finite_gradient(scores: list[float]):
    cosines = torch.full((len(scores),), 0.4, requires_grad=True)
    loss = head_of(SimilarityLoss.COSENT).loss(cosines, torch.tensor(scores))
    loss.backward()
    assert float(loss.detach()) == 0
    assert torch.equal(cosines.grad, torch.zeros(len(scores)))


def test_a_similarity_head_has_no_parameters():
    assert not list(head_of(SimilarityLoss.COSENT).parameters())
