"""Recipes: what a training run needs."""

from mtl.recipe.choices import (
    Activation,
    BackboneFreezing,
    Decoder,
    Pooling,
    Precision,
    Preset,
    Schedule,
    SimilarityLoss,
    Solver,
    TaskKind,
)
from mtl.recipe.loading import check, dump, load, parse, portable
from mtl.recipe.schema import DEFAULT_BACKBONE, Recipe
from mtl.recipe.sections import EvaluationConfig, FreezingConfig, OptimizerConfig, SamplingConfig
from mtl.recipe.tasks import HeadConfig, TaskConfig

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
    "Precision",
    "Preset",
    "Recipe",
    "SamplingConfig",
    "Schedule",
    "SimilarityLoss",
    "Solver",
    "TaskConfig",
    "TaskKind",
    "check",
    "dump",
    "load",
    "parse",
    "portable",
]
