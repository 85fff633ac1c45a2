"""Whether tasks pull the shared backbone the same way."""

from itertools import combinations

import torch
from torch import Tensor
from torch.nn.functional import cosine_similarity

from mtl.training.losses import batch_loss
from mtl.training.sampler import Draw
from mtl.training.setup import Trainer


def gradient_cosines(trainer: Trainer) -> dict[str, float]:
    """Cosine between the gradients of every two tasks on the trained part of the backbone, `<task>/<task>`.

    One fixed batch of each task, without dropout. One batch is a noisy witness, and in so many dimensions unrelated
    gradients stand at right angles: only a value that stays far below 0 over evaluations says that tasks conflict, and
    even then they may gain from one another. Empty where nothing of the backbone trains.
    """
    model, course = trainer.loaded.model, trainer.course
    if course is None or not any(p.requires_grad for p in model.encoder.parameters()):
        return {}
    model.eval()
    found = {task: _gradient(trainer, Draw(task, course.sampler.batches(task)[0])) for task in trainer.data.train}
    return {f"{a}/{b}": float(cosine_similarity(found[a], found[b], dim=0)) for a, b in combinations(found, 2)}


def _gradient(trainer: Trainer, draw: Draw) -> Tensor:
    model = trainer.loaded.model
    shared = [p for p in model.encoder.parameters() if p.requires_grad]
    loss = batch_loss(model, trainer.batch(draw)).task
    gradients = torch.autograd.grad(loss, shared, allow_unused=True)
    filled = (torch.zeros_like(p) if g is None else g for p, g in zip(shared, gradients, strict=True))
    return torch.cat([gradient.flatten() for gradient in filled])
