"""The Train tab: four steps that make a recipe, and a monitor that watches its run."""

from demo.tabs.train.tab import NEW, SAVE_FILE, TrainTab, build_train_tab, reattach, run_choices

__all__ = ["NEW", "SAVE_FILE", "TrainTab", "build_train_tab", "run_choices", "reattach"]
