"""At the end of a run its checkpoints get what tells whether a text is unlike the training texts."""

from dataclasses import replace
from pathlib import Path

import torch

from mtl.checkpoint.config import is_checkpoint, read_config
from mtl.checkpoint.store import LoadedModel, load
from mtl.distributed import world
from mtl.errors import MtlError
from mtl.outside import Summary, write_summaries
from mtl.runs.folder import NO_ROOM
from mtl.stopping import StopRequested
from mtl.training.setup import Trainer
from mtl.training.summarizing import summaries_of

BEST, LAST = "best", "last"


def keep_summaries(trainer: Trainer, folder: Path, step: int) -> str | None:
    """Put summaries of the training texts into the checkpoints of a run, each by its own encoder.

    Args:
        trainer: after its last step, whose weights are in `last`.
        folder: of the run.
        step: the last one.

    Returns:
        Why a checkpoint has none, in one sentence, or None. Nothing else depends on them.
    """
    if not trainer.data.train:
        return None
    try:
        _keep(trainer, folder, step)
    except StopRequested:
        why = "the run was asked to stop"
    except (MemoryError, torch.OutOfMemoryError):
        why = "the memory does not suffice"
    except OSError as error:
        why = "the disk is full" if error.errno in NO_ROOM else f"they cannot be written ({error.strerror})"
    except MtlError as error:
        why = str(error)
    else:
        return None
    return f"the model is saved, but cannot tell which texts are unlike its training texts: {why}"


def _keep(trainer: Trainer, folder: Path, step: int) -> None:
    """The best checkpoint first, since it is the one that is used."""
    best, changes = folder / BEST, trainer.stages[-1].plan.backbone_trains
    last = _summaries(trainer, folder / LAST if world().shards else None)
    if is_checkpoint(best):
        is_other = changes and read_config(best).step != step
        write_summaries(best, _summaries(trainer, best) if is_other else last)
    write_summaries(folder / LAST, last)


def _summaries(trainer: Trainer, checkpoint: Path | None) -> dict[str, Summary]:
    """By the encoder of a checkpoint, or by that in memory, of which parts may be in other processes."""
    seed = trainer.recipe.seed
    known = trainer.stage.known if trainer.stage and checkpoint is None else None
    loaded = _loaded(checkpoint, trainer) if checkpoint else trainer.loaded
    return {**loaded.outside, **summaries_of(loaded, trainer.data, seed=seed, known=known)}


def _loaded(checkpoint: Path, trainer: Trainer) -> LoadedModel:
    loaded = load(checkpoint)
    loaded.model.to(trainer.loaded.model.device)
    return replace(loaded, outside=trainer.loaded.outside)
