"""A linear-chain conditional random field (Lafferty et al. 2001) over padded emissions, legal tags only.

Everything is vectorised over the batch; a mask marks each row's real positions, which come first.
Illegal starts and transitions cost `ILLEGAL`, in training and in decoding alike.
"""

import torch
from torch import Tensor

ILLEGAL = -1.0e4


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


def marginals(emissions: Tensor, mask: Tensor, transitions: Tensor, starts: Tensor) -> Tensor:
    """Probability of each tag at each position given the whole sentence, `(B, W, L)`, by forward-backward."""
    alpha = _forward(emissions, mask, transitions, starts)
    length = emissions.shape[1]
    beta = torch.zeros_like(emissions)
    for i in range(length - 2, -1, -1):
        step = torch.logsumexp(transitions + (emissions[:, i + 1] + beta[:, i + 1]).unsqueeze(1), dim=-1)
        beta[:, i] = torch.where(mask[:, i + 1].unsqueeze(-1), step, beta[:, i + 1])
    return torch.softmax(alpha + beta, dim=-1)


def viterbi(emissions: Tensor, mask: Tensor, transitions: Tensor, starts: Tensor) -> Tensor:
    """The best tag sequence of each row, `(B, W)`; positions outside the mask are 0."""
    rows, length, _ = emissions.shape
    score = starts + emissions[:, 0]
    pointers: list[Tensor] = []
    for i in range(1, length):
        best, pointer = (score.unsqueeze(-1) + transitions).max(dim=1)
        inside = mask[:, i].unsqueeze(-1)
        score = torch.where(inside, best + emissions[:, i], score)
        pointers.append(torch.where(inside, pointer, torch.arange(score.shape[-1], device=score.device)))
    tags = torch.zeros((rows, length), dtype=torch.long, device=emissions.device)
    current = score.argmax(dim=-1)
    for i in range(length - 1, -1, -1):
        tags[:, i] = current
        if i:
            current = pointers[i - 1].gather(1, current.unsqueeze(1)).squeeze(1)
    return tags * mask


def _forward(emissions: Tensor, mask: Tensor, transitions: Tensor, starts: Tensor) -> Tensor:
    """Forward scores `(B, W, L)`; past a row's end they stay as they were."""
    alphas = [starts + emissions[:, 0]]
    for i in range(1, emissions.shape[1]):
        step = torch.logsumexp(alphas[-1].unsqueeze(-1) + transitions, dim=1) + emissions[:, i]
        alphas.append(torch.where(mask[:, i].unsqueeze(-1), step, alphas[-1]))
    return torch.stack(alphas, dim=1)
