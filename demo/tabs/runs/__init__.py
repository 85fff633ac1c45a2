"""The Runs tab: a table of all runs, and the details of one run."""

from demo.tabs.runs.tab import build_runs_tab

__all__ = ["build_runs_tab"]
