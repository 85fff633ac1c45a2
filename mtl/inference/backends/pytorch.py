"""The backend that is always there, and the reference for every other one."""

from collections.abc import Collection, Iterable, Iterator

import torch

from mtl.cache import CachedActivations
from mtl.device import autocast
from mtl.distributed import world
from mtl.encoder import token_batch
from mtl.inference.backends.graph import Graph
from mtl.inference.backends.interface import BackendName, Batch, InferencePrecision, Outputs
from mtl.model import MultiTaskModel
from mtl.recipe.choices import Precision


class TorchBackend:
    """PyTorch, on whatever device the model is; the heads stay in float32.

    Args:
        model: in eval mode.
        precision: of the backbone, fp32 or bf16; bf16 is by autocast, so the weights are shared with other backends.
        tasks: those whose heads run; None for all.
        cached: activations of the windows that are going to run, where they are known.
    """

    name = BackendName.TORCH
    parallel = 1

    def __init__(
        self,
        model: MultiTaskModel,
        precision: InferencePrecision = InferencePrecision.FP32,
        *,
        tasks: Collection[str] | None = None,
        cached: CachedActivations | None = None,
    ) -> None:
        self.precision = precision
        self.memory_bytes = sum(p.numel() * p.element_size() for p in model.parameters())
        self._graph = Graph(model, tasks).eval()
        self._device = model.device
        self._cached = cached

    def run(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Outputs]]:
        for batch in batches:
            # A model in parts keeps what it gathers in a pass, and trains with it later.
            without_gradients = torch.no_grad() if world().shards else torch.inference_mode()
            with without_gradients, autocast(Precision(self.precision), self._device):
                outputs = self._graph.outputs(self._graph.run(token_batch(batch, self._cached).to(self._device)))
            yield batch, outputs
