"""What a recipe would do, before it does it."""

from mtl.planning.measure import plan
from mtl.planning.report import Advice, Part, Plan

__all__ = ["Advice", "Part", "Plan", "plan"]
