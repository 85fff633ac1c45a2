"""Inference: one pass, every head."""

from mtl.inference.analysis import Analysis, Entity, OutsideScore
from mtl.inference.engine import Engine
from mtl.text.subwords import Subword

__all__ = ["Analysis", "Engine", "Entity", "OutsideScore", "Subword"]
