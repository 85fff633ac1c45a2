"""Which train set and which examples come next: a function of the seed and nothing else."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import overload

import numpy as np
from numpy.typing import NDArray

from mtl.recipe.schema import SamplingConfig
from mtl.text.batching import pack

Lengths = Sequence[int] | NDArray[np.integer]
_POOL_BATCHES = 32  # texts are sorted by length within pools of about so many batches

_PICKS = 1024  # batches whose sets are drawn at once


@dataclass(frozen=True, slots=True)
class BatchIndices:
    """The name of a train set and the positions of its examples that make the next batch."""

    name: str
    rows: list[int]


class EpochBatches(Sequence[list[int]]):
    """One pass over a set's examples: shuffled, sorted by length within pools, cut by tokens, shuffled again.

    Args:
        lengths: tokens of every example `(E,)`.
        budget: tokens of a batch.
        seed: of the run and the set.
        epoch: from 0.
    """

    def __init__(self, lengths: Lengths, *, budget: int, seed: int, epoch: int) -> None:
        lengths = np.asarray(lengths)
        generator = np.random.default_rng([seed, epoch])
        self._rows = generator.permutation(len(lengths))
        mean = max(1.0, int(lengths.sum()) / max(1, len(lengths)))
        pool = max(1, int(_POOL_BATCHES * budget / mean))
        sizes: list[NDArray[np.int64]] = []
        for start in range(0, len(lengths), pool):
            rows = self._rows[start : start + pool]
            rows[:] = rows[np.argsort(lengths[rows], kind="stable")]
            own = lengths[rows].tolist()
            sizes.append(np.fromiter(map(len, pack(own, range(len(own)), budget=budget)), np.int64))
        counts = np.concatenate(sizes) if sizes else np.zeros(0, np.int64)
        self._ends = np.cumsum(counts)
        self._order = generator.permutation(len(counts))

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, index: int) -> list[int]: ...
    @overload
    def __getitem__(self, index: slice) -> list[list[int]]: ...
    def __getitem__(self, index: int | slice) -> list[int] | list[list[int]]:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        batch = self._order[index]
        begin = self._ends[batch - 1] if batch else 0
        rows: list[int] = self._rows[begin : self._ends[batch]].tolist()
        return rows


class TaskSampler:
    """Endless batches over train sets; the batches of a set go through all its examples before one is repeated.

    Args:
        lengths: tokens of every example, by train set.
        sampling: how the next set is chosen.
        budgets: tokens of a batch of each set.
        seed: decides everything.
    """

    def __init__(
        self, lengths: Mapping[str, Lengths], *, sampling: SamplingConfig, budgets: Mapping[str, int], seed: int
    ) -> None:
        self._lengths = lengths
        self._names = list(lengths)
        self._budgets = dict(budgets)
        self._seed = seed
        self._last: dict[str, tuple[int, EpochBatches]] = {}
        self._round_robin = sampling.schedule == "round_robin"
        counts = np.array([len(self.batches(name, 0)) for name in self._names], dtype=float)
        weights = counts**sampling.alpha
        self.probabilities = dict(zip(self._names, (weights / weights.sum()).tolist(), strict=True))
        self.batches_per_epoch = int(counts.sum())

    def __iter__(self) -> Iterator[BatchIndices]:
        streams = {name: self._stream(name) for name in self._names}
        for name in self._picked():
            yield BatchIndices(name, next(streams[name]))

    def draws(self, steps: int) -> Counter[str]:
        """How many of the first batches are of each set."""
        return Counter(islice(self._picked(), steps))

    def _picked(self) -> Iterator[str]:
        """The set of each batch: in turn, or as `Generator.choice` with these probabilities gives them one by one."""
        generator = np.random.default_rng([self._seed, 2**31])
        upto = np.cumsum(list(self.probabilities.values()))
        while True:
            if self._round_robin:
                yield from self._names
                continue
            for pick in np.searchsorted(upto / upto[-1], generator.random(_PICKS), side="right").tolist():
                yield self._names[pick]

    def _stream(self, name: str) -> Iterator[list[int]]:
        epoch = 0
        while True:
            yield from self.batches(name, epoch)
            epoch += 1

    def batches(self, name: str, epoch: int = 0) -> EpochBatches:
        """The batches of one pass over a set's examples; those of the last pass that was asked for are kept."""
        known, batches = self._last.get(name, (-1, None))
        if batches is None or known != epoch:
            seed = self._seed + 1000 * self._names.index(name)
            batches = EpochBatches(self._lengths[name], budget=self._budgets[name], seed=seed, epoch=epoch)
            self._last[name] = epoch, batches
        return batches
