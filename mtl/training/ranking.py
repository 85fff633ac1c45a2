"""The pairs of a whole batch that several processes share, for the loss that compares each pair with every other."""

import torch
from torch import Tensor

from mtl.distributed import World


class SharedPairs:
    """The cosines of all pairs of a batch, of which this process has computed its part.

    Args:
        scores: `(B,)`, of all pairs of the batch.
        everyone: the processes; their parts are those of `World.shard`.
    """

    def __init__(self, scores: Tensor, everyone: World) -> None:
        self.scores = scores
        self._world = everyone
        self._is_told = False

    def cosines(self, own: Tensor) -> Tensor:
        """`(B,)` of all pairs from `(B',)` of this process, whose gradient is that of its part; errors as `World`."""
        everyone = self._tell(own)
        return everyone.index_put((self._places(own),), own)

    def scaled(self, loss: Tensor, own: int) -> Tensor:
        """A loss over all pairs, to be weighted by the share of this process: with the gradient of its `own` pairs.

        Each process has the whole loss and only its part of the gradient, so the weight must not count in the latter.
        """
        return loss.detach() + (loss - loss.detach()) * (len(self.scores) / own)

    def complete(self) -> None:
        """Tell the others that nothing comes from here, unless it has come."""
        if not self._is_told:
            self._tell(self.scores.new_zeros(0))

    def _tell(self, own: Tensor) -> Tensor:
        self._is_told = True
        everyone = torch.zeros(len(self.scores), device=self.scores.device)
        everyone[self._places(own)] = own.detach().float()
        self._world.sum_([everyone])
        return everyone.to(own.dtype)

    def _places(self, own: Tensor) -> Tensor:
        places = torch.arange(self._world.rank, len(self.scores), self._world.size, device=self.scores.device)
        return places[: len(own)]
