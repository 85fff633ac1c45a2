"""The Guide tab: short pages with live examples."""

from demo.tabs.guide.tab import build

__all__ = ["build"]
