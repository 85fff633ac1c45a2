"""The Runs tab: every run in a table, and one run opened."""

from demo.tabs.runs.tab import build_runs_tab

__all__ = ["build_runs_tab"]
