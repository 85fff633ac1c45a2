"""Strategies compared on the same data."""

from mtl.comparing.compare import SomeFailed, compare
from mtl.comparing.report import Outcome, Spread, StrategyResult, strategy_titles, summarize
from mtl.comparing.sharing import Sharing, sharing
from mtl.comparing.speed import BackboneSpeed, backbone_speeds
from mtl.comparing.strategies import Strategy, alone, candidates, linear_probe, strategies, trained_tasks

__all__ = [
    "BackboneSpeed",
    "Outcome",
    "Sharing",
    "SomeFailed",
    "Spread",
    "Strategy",
    "StrategyResult",
    "alone",
    "backbone_speeds",
    "candidates",
    "compare",
    "linear_probe",
    "sharing",
    "strategies",
    "strategy_titles",
    "summarize",
    "trained_tasks",
]
