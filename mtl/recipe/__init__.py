"""Recipes: what a training run needs."""

from mtl.recipe.loading import dump, load, parse, portable
from mtl.recipe.schema import (
    DEFAULT_BACKBONE,
    Activation,
    BackboneFreezing,
    Decoder,
    EvaluationConfig,
    FreezingConfig,
    HeadConfig,
    OptimizerConfig,
    Pooling,
    Preset,
    Recipe,
    SamplingConfig,
    Schedule,
    SimilarityLoss,
    TaskConfig,
    TaskKind,
)

__all__ = [
    "DEFAULT_BACKBONE",
    "Activation",
    "BackboneFreezing",
    "Decoder",
    "EvaluationConfig",
    "FreezingConfig",
    "HeadConfig",
    "OptimizerConfig",
    "Pooling",
    "Preset",
    "Recipe",
    "SamplingConfig",
    "Schedule",
    "SimilarityLoss",
    "TaskConfig",
    "TaskKind",
    "dump",
    "load",
    "parse",
    "portable",
]
