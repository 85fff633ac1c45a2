"""The processes of one run, and how they agree."""

import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor

from mtl.distributed.buckets import buckets
from mtl.errors import TrainingError
from mtl.stopping import StopRequested

T = TypeVar("T")
_CLOSED = ("closed by peer", "Connection reset", "Broken pipe", "Timed out", "NCCL error", "ncclRemoteError")
_LOST = (
    "a process of this run has ended or cannot be reached, so the run ends here; --resume goes on from the last state "
    "that was kept, with any number of processes"
)


@dataclass(frozen=True)
class World:
    """The processes that train together, numbered from 0, the main one; without arguments a process alone.

    What is said here is said by all of them in the same order, so code between two calls must take the same way in
    each. A process that has ended is an error in all the others.

    Args:
        rank: the number of this process.
        size: how many there are.
        device: where this process computes; None for a process alone, which chooses by itself.
        control: a group for small messages, in which one process may wait for another for long.
        shards: whether each process holds a part of the encoder, so that all make the same passes at the same time.
    """

    rank: int = 0
    size: int = 1
    device: torch.device | None = None
    control: "dist.ProcessGroup | None" = None
    shards: bool = False

    @property
    def is_main(self) -> bool:
        """Whether this process writes files, prints and decides."""
        return self.rank == 0

    def shard(self, rows: Sequence[int]) -> list[int]:
        """The part of a batch that is this process's; it may be empty."""
        return list(rows[self.rank :: self.size])

    def seed(self, seed: int, step: int) -> None:
        """Let dropout draw other numbers in each process and at each step; a process alone goes on as it is."""
        if self.size > 1:
            (state,) = np.random.SeedSequence([seed, step, self.rank]).generate_state(1, np.uint64)
            torch.manual_seed(int(state) >> 1)

    def table(self, values: Sequence[float]) -> NDArray[np.float64]:
        """The numbers of all processes `(size, K)`; each gives K.

        Raises:
            TrainingError: a process has ended.
        """
        if self.size == 1:
            return np.array([values], dtype=np.float64)
        own = torch.tensor(values, dtype=torch.float64)
        found = [torch.empty_like(own) for _ in range(self.size)]
        with _reached():
            dist.all_gather(found, own, group=self.control)
        return torch.stack(found).numpy()

    def sum_(self, tensors: Sequence[Tensor]) -> None:
        """Add tensors up over all processes, in place; errors as `table`."""
        if self.size == 1:
            return
        with _reached():
            for flat, parts in buckets(tensors):
                dist.all_reduce(flat)
                for part, summed in zip(parts, torch.split(flat, [p.numel() for p in parts]), strict=True):
                    part.copy_(summed.view_as(part))

    def copy_from_main_(self, tensors: Sequence[Tensor]) -> None:
        """Overwrite tensors by those of the main process; errors as `table`."""
        if self.size == 1:
            return
        with _reached():
            for tensor in tensors:
                dist.broadcast(tensor, src=0)

    def gather(self, work: Callable[[], T]) -> list[T]:
        """What each process finds, by rank; an error or a stop of one is one of all.

        `work` tells the other processes nothing.

        Raises:
            TrainingError: of another process, or it has ended.
        """
        if self.size == 1:
            return [work()]
        value, error = None, None
        try:
            value = work()
        except (Exception, StopRequested) as raised:
            error = raised
        found: list[Any] = [None] * self.size
        with _reached():
            dist.all_gather_object(found, (value, _sentence(error)), group=self.control)
        if error is not None:
            raise error
        for _, told in found:
            _raise_told(told)
        return [value for value, _ in found]

    @contextmanager
    def together(self) -> Iterator[None]:
        """A block in which the processes tell each other nothing; errors as `gather`, at its end.

        The block must not contain a `yield` of a generator.
        """
        error: BaseException | None = None
        try:
            yield
        except (Exception, StopRequested) as raised:
            error = raised
        self.gather(lambda: _raised(error))

    def first(self, work: Callable[[], T]) -> T:
        """What the main process finds, while the others wait; its error or stop is one of all, as in `gather`."""
        if self.size == 1:
            return work()
        value, error = None, None
        if self.is_main:
            try:
                value = work()
            except (Exception, StopRequested) as raised:
                error = raised
        found: list[Any] = [(value, _sentence(error))]
        with _reached():
            dist.broadcast_object_list(found, src=0, group=self.control)
        if error is not None:
            raise error
        _raise_told(found[0][1])
        result: T = found[0][0]
        return result


def _raised(error: BaseException | None) -> None:
    if error is not None:
        raise error


def _sentence(error: BaseException | None) -> str | None:
    """What the other processes are told: nothing, an empty text for a stop, or what went wrong and where."""
    if error is None or isinstance(error, StopRequested):
        return None if error is None else ""
    rank = dist.get_rank()
    return f"process {rank} on {socket.gethostname()}: {error or type(error).__name__}"


def _raise_told(told: str | None) -> None:
    if told == "":
        raise StopRequested
    if told is not None:
        raise TrainingError(told)


@contextmanager
def _reached() -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:  # of gloo and NCCL alike: a closed connection, or too long a wait
        raise TrainingError(_LOST) from error


@contextmanager
def lost_as_error() -> Iterator[None]:
    """Passes of a model in parts, in which the processes speak out of sight: one that has ended is a `TrainingError`.

    The block must not contain a `yield` of a generator.
    """
    try:
        yield
    except RuntimeError as error:
        if any(said in str(error) for said in _CLOSED):
            raise TrainingError(_LOST) from error
        raise
