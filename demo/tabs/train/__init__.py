"""The Train tab: a form of four steps that makes a recipe, and a monitor of its run."""

from demo.tabs.train.tab import NEW, SAVE_FILE, TrainTab, build_train_tab, ready, reattach, run_choices

__all__ = ["NEW", "SAVE_FILE", "TrainTab", "build_train_tab", "run_choices", "ready", "reattach"]
