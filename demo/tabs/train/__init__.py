"""The Train tab: a form of four steps that makes a recipe, and a monitor of its run."""

from demo.tabs.train.candidates import try_candidates
from demo.tabs.train.form import TrainForm
from demo.tabs.train.tab import NEW, SAVE_FILE, TrainTab, build_train_tab, ready, reattach, run_choices

__all__ = [
    "NEW",
    "SAVE_FILE",
    "TrainForm",
    "TrainTab",
    "build_train_tab",
    "ready",
    "reattach",
    "run_choices",
    "try_candidates",
]
