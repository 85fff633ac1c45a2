"""The backend that is always there, and the reference for every other one."""

from collections.abc import Iterable, Iterator

import torch

from mtl.device import computing_in
from mtl.inference.backends.graph import Graph
from mtl.inference.backends.interface import BackendName, Batch, InferencePrecision, Outputs
from mtl.model import MultiTaskModel
from mtl.recipe.choices import Precision


class TorchBackend:
    """PyTorch, on whatever device the model is; the heads stay in float32.

    Args:
        model: in eval mode.
        precision: of the backbone, fp32 or bf16; bf16 is by autocast, so the weights are shared with other backends.
    """

    name = BackendName.TORCH
    parallel = 1

    def __init__(self, model: MultiTaskModel, precision: InferencePrecision = InferencePrecision.FP32) -> None:
        self.precision = precision
        self.memory_bytes = sum(p.numel() * p.element_size() for p in model.parameters())
        self._graph = Graph(model).eval()
        self._device = model.device

    def run(self, batches: Iterable[Batch]) -> Iterator[tuple[Batch, Outputs]]:
        """Each batch with its outputs, in order."""
        for batch in batches:
            with torch.inference_mode(), computing_in(Precision(self.precision), self._device):
                tensors = self._graph(
                    *(
                        torch.from_numpy(array).to(self._device)
                        for array in (batch.ids, batch.mask, batch.type_ids, batch.first_tokens)
                    )
                )
                outputs = self._graph.outputs(tensors)
            yield batch, outputs
