"""Suspect labels: labels of a recipe's data that are probably wrong, by confident learning."""

from mtl.suspects.finding import Answer, Findings, Suspect, find_suspects

__all__ = ["Answer", "Findings", "Suspect", "find_suspects"]
