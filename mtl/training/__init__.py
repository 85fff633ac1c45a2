"""Training: from a recipe to events and checkpoints."""

from mtl.training.loop import train
from mtl.training.run import resume_in_folder, run_in_folder, share_run
from mtl.training.setup import Trainer, set_up

__all__ = ["Trainer", "resume_in_folder", "run_in_folder", "set_up", "share_run", "train"]
