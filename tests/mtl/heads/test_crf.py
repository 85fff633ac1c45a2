"""The linear-chain CRF against sums and maxima over all sequences."""

import itertools

import pytest
import torch
from torch import Tensor

from mtl.heads import crf
from mtl.labels import ILLEGAL, TagSet

TAGS = TagSet(("LOC", "PER"))
L = len(TAGS.tags)
LENGTHS = (4, 1, 0, 3)


def problem(seed: int, *, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Emissions `(4, 4, L)` of rows of different length, mask, transitions and starts with the illegal ones."""
    generator = torch.Generator().manual_seed(seed)
    emissions = 2 * torch.randn(len(LENGTHS), max(LENGTHS), L, generator=generator, dtype=dtype)
    transitions = torch.randn(L, L, generator=generator, dtype=dtype)
    starts = torch.randn(L, generator=generator, dtype=dtype)
    transitions = transitions.masked_fill(~torch.from_numpy(TAGS.legal_transitions()), ILLEGAL)
    starts = starts.masked_fill(~torch.from_numpy(TAGS.legal_starts()), ILLEGAL)
    mask = torch.arange(max(LENGTHS)) < torch.tensor(LENGTHS).unsqueeze(1)
    return emissions, mask, transitions, starts


def score(emissions: Tensor, tags: tuple[int, ...], transitions: Tensor, starts: Tensor) -> Tensor:
    """Score of one sequence of one row, term by term."""
    total = starts[tags[0]] if tags else emissions.new_zeros(())
    for i, tag in enumerate(tags):
        total = total + emissions[i, tag]
    for before, after in itertools.pairwise(tags):
        total = total + transitions[before, after]
    return total


def all_scores(emissions: Tensor, length: int, transitions: Tensor, starts: Tensor) -> dict[tuple[int, ...], Tensor]:
    sequences = itertools.product(range(L), repeat=length)
    return {tags: score(emissions, tags, transitions, starts) for tags in sequences}


def legal_tags(emissions: Tensor, mask: Tensor, transitions: Tensor, starts: Tensor) -> Tensor:
    """The best sequence of each row, by brute force; 0 outside the mask."""
    tags = torch.zeros(mask.shape, dtype=torch.long)
    for row, length in enumerate(mask.sum(1).tolist()):
        scores = all_scores(emissions[row], length, transitions, starts)
        tags[row, :length] = torch.tensor(max(scores, key=lambda one: scores[one].item()), dtype=torch.long)
    return tags


SEEDS = pytest.mark.parametrize("seed", [0, 1, 2])


@SEEDS
def test_the_partition_sums_over_all_sequences(seed: int):
    emissions, mask, transitions, starts = problem(seed)
    found = crf.log_partition(emissions, mask, transitions, starts)
    for row, length in enumerate(LENGTHS):
        if length:
            scores = all_scores(emissions[row], length, transitions, starts)
            expected = torch.logsumexp(torch.stack(list(scores.values())), 0)
            torch.testing.assert_close(found[row], expected, rtol=0, atol=1e-9)


@SEEDS
def test_the_score_of_given_tags_adds_up_term_by_term(seed: int):
    emissions, mask, transitions, starts = problem(seed)
    tags = torch.randint(L, mask.shape, generator=torch.Generator().manual_seed(seed))
    found = crf.sequence_score(emissions, tags, mask, transitions, starts)
    for row, length in enumerate(LENGTHS):
        expected = score(emissions[row], tuple(tags[row, :length].tolist()), transitions, starts)
        torch.testing.assert_close(found[row], expected, rtol=0, atol=1e-9)


@SEEDS
def test_the_loss_is_the_negative_log_share_of_the_given_sequences(seed: int):
    emissions, mask, transitions, starts = problem(seed)
    tags = legal_tags(emissions.flip(2), mask, transitions, starts)
    expected = torch.zeros((), dtype=emissions.dtype)
    for row, length in enumerate(LENGTHS):
        if length:
            scores = all_scores(emissions[row], length, transitions, starts)
            partition = torch.logsumexp(torch.stack(list(scores.values())), 0)
            expected = expected + partition - scores[tuple(tags[row, :length].tolist())]
    found = crf.negative_log_likelihood(emissions, tags, mask, transitions, starts)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-9)


def test_gradients_of_the_loss_are_numerical_ones():
    emissions, mask, transitions, starts = problem(3)
    tags = legal_tags(emissions.flip(2), mask, transitions, starts)
    legal = transitions > ILLEGAL / 2

    def loss(emissions: Tensor, free: Tensor, starts: Tensor) -> Tensor:
        return crf.negative_log_likelihood(emissions, tags, mask, torch.where(legal, free, transitions), starts)

    inputs = [
        tensor.clone().requires_grad_() for tensor in (emissions, transitions.clamp(min=-3), starts.clamp(min=-3))
    ]
    assert torch.autograd.gradcheck(loss, inputs)


def test_the_gradient_of_the_partition_is_the_share_of_the_sequences_with_a_tag():
    emissions, mask, transitions, starts = problem(4)
    emissions.requires_grad_()
    crf.log_partition(emissions, mask, transitions, starts)[mask.any(1)].sum().backward()
    for row, length in enumerate(LENGTHS):
        scores = all_scores(emissions[row].detach(), length, transitions, starts)
        shares = torch.softmax(torch.stack(list(scores.values())), 0)
        for position, tag in itertools.product(range(length), range(L)):
            here = torch.tensor([tags[position] == tag for tags in scores])
            torch.testing.assert_close(emissions.grad[row, position, tag], shares[here].sum(), rtol=0, atol=1e-9)


def test_what_stands_outside_the_mask_changes_nothing():
    emissions, mask, transitions, starts = problem(5)
    noisy = torch.where(mask.unsqueeze(-1), emissions, torch.full_like(emissions, 77.0))
    tags = legal_tags(emissions, mask, transitions, starts)
    losses = [crf.negative_log_likelihood(e, tags, mask, transitions, starts) for e in (emissions, noisy)]
    torch.testing.assert_close(losses[1], losses[0], rtol=0, atol=1e-9)


def test_the_loss_of_a_legal_sequence_is_accurate_in_float32():
    exact, mask, transitions, starts = problem(6)
    tags = legal_tags(exact.flip(2), mask, transitions, starts)
    wanted = crf.negative_log_likelihood(exact, tags, mask, transitions, starts)
    single = [tensor.float() for tensor in (exact, transitions, starts)]
    found = crf.negative_log_likelihood(single[0], tags, mask, single[1], single[2])
    torch.testing.assert_close(found.double(), wanted, rtol=0, atol=1e-4)


def test_rows_of_length_zero_add_nothing_to_the_loss():
    emissions, mask, transitions, starts = problem(7)
    tags = torch.zeros(mask.shape, dtype=torch.long)
    filled = mask.any(1)
    both = crf.negative_log_likelihood(emissions, tags, mask, transitions, starts)
    one = crf.negative_log_likelihood(emissions[filled], tags[filled], mask[filled], transitions, starts)
    torch.testing.assert_close(both, one)
