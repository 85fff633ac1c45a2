"""Which train set and which examples come next: a function of the seed and nothing else."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import overload

import numpy as np
from numpy.typing import NDArray

from mtl.recipe.sections import SamplingConfig
from mtl.text.batching import Integers, pack
from mtl.training.grouping import BatchUnits, Lengths, batch_units

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
        examples: tokens of every example `(E,)`, or units of examples that stay together.
        budget: tokens of a batch.
        seed: of the run and the set.
        epoch: from 0.
    """

    def __init__(self, examples: Lengths | BatchUnits, *, budget: int, seed: int, epoch: int) -> None:
        self._units = examples if isinstance(examples, BatchUnits) else None
        lengths = np.asarray(examples.lengths if isinstance(examples, BatchUnits) else examples)
        many = None if self._units is None else self._units.sizes
        generator = np.random.default_rng([seed, epoch])
        self._rows = generator.permutation(len(lengths))
        tokens = int(lengths.sum() if many is None else lengths @ many)
        mean = max(1.0, tokens / max(1, len(lengths)))
        pool = max(1, int(_POOL_BATCHES * budget / mean))
        sizes: list[NDArray[np.int64]] = []
        for start in range(0, len(lengths), pool):
            rows = self._rows[start : start + pool]
            rows[:] = rows[np.argsort(lengths[rows], kind="stable")]
            own = lengths[rows].tolist()
            counted = None if many is None else many[rows].tolist()
            sizes.append(np.fromiter(map(len, pack(own, range(len(own)), budget=budget, sizes=counted)), np.int64))
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
        rows = self._rows[begin : self._ends[batch]]
        found: list[int] = rows.tolist() if self._units is None else self._units.rows_of(rows)
        return found


class TaskSampler:
    """Endless batches over train sets; the batches of a set go through all its examples before one is repeated.

    Args:
        lengths: tokens of every example, by train set.
        sampling: how the next set is chosen.
        budgets: tokens of a batch of each set.
        seed: decides everything.
        groups: of sets that have some, the number of the group of every example `(E,)`; a group stays in one batch.
    """

    def __init__(
        self,
        lengths: Mapping[str, Lengths],
        *,
        sampling: SamplingConfig,
        budgets: Mapping[str, int],
        seed: int,
        groups: Mapping[str, Integers] | None = None,
    ) -> None:
        units = {name: batch_units(lengths[name], own, budget=budgets[name]) for name, own in (groups or {}).items()}
        self._examples: Mapping[str, Lengths | BatchUnits] = {**lengths, **units}
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
            batches = EpochBatches(self._examples[name], budget=self._budgets[name], seed=seed, epoch=epoch)
            self._last[name] = epoch, batches
        return batches
