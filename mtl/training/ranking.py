"""The pairs of a whole batch that several processes share, for losses that compare each pair with every other."""

from dataclasses import dataclass

import torch
from torch import Tensor

from mtl.distributed import World


@dataclass
class SharedPairs:
    """What a loss compares of all pairs of a batch, of which this process has computed its part.

    Args:
        scores: `(B,)`, of all pairs of the batch.
        everyone: the processes; their parts are those of `World.shard`.
        parts: how many of them have pairs.
        texts: `(B, 2)`, as `SimilarityHead.loss` takes them.
        width: numbers that are compared of a pair, None for one alone, without an axis.
    """

    scores: Tensor
    everyone: World
    parts: int
    texts: Tensor | None = None
    width: int | None = None
    _is_told: bool = False

    def compared(self, own: Tensor) -> Tensor:
        """`(B,)` or `(B, width)` of all pairs from those of this process; errors as `World`.

        The gradient is that of its part.
        """
        return self._tell(own).index_put((self._places(own),), own)

    @property
    def share(self) -> float:
        """How much the loss of this process counts, which is that of all pairs in each."""
        return 1.0 / self.parts

    def scaled(self, loss: Tensor) -> Tensor:
        """A loss over all pairs, to be weighted by `share`, with the whole gradient of the pairs of this process.

        Each process has the whole loss and only its part of the gradient, so the share must not count in the latter.
        """
        return loss.detach() + (loss - loss.detach()) * self.parts

    def complete(self) -> None:
        """Tell the others that nothing comes from here, unless it has come."""
        if not self._is_told:
            self._tell(self._all()[:0])

    def _tell(self, own: Tensor) -> Tensor:
        self._is_told = True
        everything = self._all()
        everything[self._places(own)] = own.detach().float()
        self.everyone.sum_([everything])
        return everything.to(own.dtype)

    def _all(self) -> Tensor:
        size = (len(self.scores),) if self.width is None else (len(self.scores), self.width)
        return torch.zeros(size, device=self.scores.device)

    def _places(self, own: Tensor) -> Tensor:
        everyone = self.everyone
        places = torch.arange(everyone.rank, len(self.scores), everyone.size, device=self.scores.device)
        return places[: len(own)]
