"""The Runs tab."""

from demo.tabs.shared import Shared
from demo.tabs.train import TrainTab


def build(shared: Shared, training: TrainTab | None) -> None:
    """Lay out the tab and wire it."""
