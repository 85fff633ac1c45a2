"""The Runs tab: every run in a table, and one run opened."""

from demo.tabs.runs.tab import build

__all__ = ["build"]
