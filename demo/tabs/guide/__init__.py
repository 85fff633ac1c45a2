"""The Guide tab: short pages with live examples."""

from demo.tabs.guide.tab import build_guide_tab

__all__ = ["build_guide_tab"]
