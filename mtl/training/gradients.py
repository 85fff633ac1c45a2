"""Whether the gradients of the tasks agree on the shared backbone."""

from itertools import combinations

import torch
from torch.nn.functional import cosine_similarity

from mtl.training.losses import batch_loss
from mtl.training.sampler import BatchIndices
from mtl.training.setup import Trainer


def gradient_cosines(trainer: Trainer) -> dict[str, float]:
    """Cosine between the gradients of every two tasks on the trained part of the backbone, `<task>/<task>`.

    Measured on one fixed batch of each task, without dropout, so the values are noisy. Unrelated gradients of so many
    dimensions are nearly orthogonal: only a value far below 0 at evaluation after evaluation shows a conflict, and even
    then the tasks may help each other. Empty where no part of the backbone trains.
    """
    model, schedule = trainer.loaded.model, trainer.schedule
    shared = [p for p in model.encoder.parameters() if p.requires_grad]
    if schedule is None or not shared:
        return {}
    model.eval()
    found = {}
    for name in trainer.data.train:
        batch = trainer.batch(BatchIndices(name, schedule.sampler.batches(name)[0]))
        for task, loss in batch_loss(model, batch).tasks.items():
            gradients = torch.autograd.grad(loss, shared, retain_graph=True, materialize_grads=True)
            found[task] = torch.cat([gradient.flatten() for gradient in gradients])
    return {f"{a}/{b}": float(cosine_similarity(found[a], found[b], dim=0)) for a, b in combinations(found, 2)}
