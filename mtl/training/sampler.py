"""Which train set and which examples come next: a function of the seed and nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mtl.recipe.schema import SamplingConfig
from mtl.text.batching import pack

_POOL_BATCHES = 32  # texts are sorted by length within pools of about so many batches


@dataclass(frozen=True, slots=True)
class BatchIndices:
    """The name of a train set and the positions of its examples that make the next batch."""

    name: str
    rows: list[int]


def epoch_batches(lengths: Sequence[int], *, budget: int, seed: int, epoch: int) -> list[list[int]]:
    """One pass over a set's examples: shuffled, sorted by length within pools, cut by tokens, shuffled again."""
    generator = np.random.default_rng([seed, epoch])
    order = generator.permutation(len(lengths)).tolist()
    mean = max(1.0, sum(lengths) / max(1, len(lengths)))
    pool = max(1, int(_POOL_BATCHES * budget / mean))
    batches = [
        batch
        for start in range(0, len(order), pool)
        for batch in pack(lengths, sorted(order[start : start + pool], key=lambda i: lengths[i]), budget=budget)
    ]
    return [batches[i] for i in generator.permutation(len(batches))]


class TaskSampler:
    """Endless batches over train sets; the batches of a set go through all its examples before one is repeated.

    Args:
        lengths: tokens of every example, by train set.
        sampling: how the next set is chosen.
        budgets: tokens of a batch of each set.
        seed: decides everything.
    """

    def __init__(
        self, lengths: Mapping[str, Sequence[int]], *, sampling: SamplingConfig, budgets: Mapping[str, int], seed: int
    ) -> None:
        self._lengths = lengths
        self._names = list(lengths)
        self._budgets = dict(budgets)
        self._seed = seed
        self._round_robin = sampling.schedule == "round_robin"
        counts = np.array([len(self.batches(name, 0)) for name in self._names], dtype=float)
        weights = counts**sampling.alpha
        self.probabilities = dict(zip(self._names, (weights / weights.sum()).tolist(), strict=True))
        self.batches_per_epoch = int(counts.sum())

    def __iter__(self) -> Iterator[BatchIndices]:
        streams = {name: self._stream(name) for name in self._names}
        generator = np.random.default_rng([self._seed, 2**31])
        shares = list(self.probabilities.values())
        step = 0
        while True:
            pick = step % len(self._names) if self._round_robin else int(generator.choice(len(self._names), p=shares))
            name = self._names[pick]
            yield BatchIndices(name, next(streams[name]))
            step += 1

    def _stream(self, name: str) -> Iterator[list[int]]:
        epoch = 0
        while True:
            yield from self.batches(name, epoch)
            epoch += 1

    def batches(self, name: str, epoch: int = 0) -> list[list[int]]:
        """The batches of one pass over a set's examples."""
        seed = self._seed + 1000 * self._names.index(name)
        return epoch_batches(self._lengths[name], budget=self._budgets[name], seed=seed, epoch=epoch)
