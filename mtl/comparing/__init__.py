"""Strategies compared on the same data."""

from mtl.comparing.compare import compare
from mtl.comparing.report import Outcome, Spread, StrategyResult, summarize
from mtl.comparing.strategies import Strategy, strategies

__all__ = ["Outcome", "StrategyResult", "Spread", "Strategy", "compare", "strategies", "summarize"]
