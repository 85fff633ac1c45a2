"""The loss of a linear-chain conditional random field (Lafferty et al. 2001) over padded emissions.

Everything is vectorised over the batch; a mask marks each row's real positions, which come first. Illegal starts and
transitions cost `mtl.labels.ILLEGAL`, as in decoding (`mtl.decoding`).
"""

import torch
from torch import Tensor


def log_partition(emissions: Tensor, mask: Tensor, transitions: Tensor, starts: Tensor) -> Tensor:
    """Log of the sum over all tag sequences of exp(score), `(B,)`.

    Args:
        emissions: `(B, W, L)`.
        mask: `(B, W)` bool; rows may be empty.
        transitions: `(L, L)`, from the first index to the second.
        starts: `(L,)`.
    """
    return torch.logsumexp(_forward(emissions, mask, transitions, starts)[:, -1], dim=-1)


def sequence_score(emissions: Tensor, tags: Tensor, mask: Tensor, transitions: Tensor, starts: Tensor) -> Tensor:
    """Score of the given tags `(B, W)`, unnormalised: `(B,)`."""
    unary = emissions.gather(2, tags.unsqueeze(-1)).squeeze(-1) * mask
    pairs = transitions[tags[:, :-1], tags[:, 1:]] * mask[:, 1:]
    return starts[tags[:, 0]] * mask[:, 0] + unary.sum(1) + pairs.sum(1)


def negative_log_likelihood(
    emissions: Tensor, tags: Tensor, mask: Tensor, transitions: Tensor, starts: Tensor
) -> Tensor:
    """Summed over the batch, in nats; divide by the number of words for a mean over units."""
    filled = mask.any(dim=1)
    loss = log_partition(emissions, mask, transitions, starts) - sequence_score(
        emissions, tags, mask, transitions, starts
    )
    return (loss * filled).sum()


def _forward(emissions: Tensor, mask: Tensor, transitions: Tensor, starts: Tensor) -> Tensor:
    """Forward scores `(B, W, L)`; past a row's end they stay as they were."""
    alphas = [starts + emissions[:, 0]]
    for i in range(1, emissions.shape[1]):
        step = torch.logsumexp(alphas[-1].unsqueeze(-1) + transitions, dim=1) + emissions[:, i]
        alphas.append(torch.where(mask[:, i].unsqueeze(-1), step, alphas[-1]))
    return torch.stack(alphas, dim=1)
