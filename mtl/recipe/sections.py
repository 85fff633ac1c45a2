"""The sections of a recipe beside its tasks: what is frozen, how long and on what it trains, when it is measured."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from mtl.recipe.choices import BackboneFreezing, Preset, Schedule
from mtl.recipe.defaults import Defaults
from mtl.recipe.values import Config, Count, Tokens, as_tuple

_ANY = Defaults()


class FreezingConfig(Config):
    """Where, which heads, when; a preset fills in what is not set."""

    preset: Preset | None = None
    backbone: BackboneFreezing | None = None
    layers: Annotated[int, Field(ge=1, le=1000)] | None = None
    """How many of the top layers train with `last_layers`."""
    frozen_heads: Annotated[tuple[str, ...], BeforeValidator(as_tuple)] = ()
    embeddings: Literal["frozen", "trained"] | None = None
    """Whether the word embeddings train; default: only with `full`."""
    rank: Annotated[int, Field(ge=1, le=512)] | None = None
    """Rank of the adapters with `lora`."""
    schedule: Schedule = Schedule.CONSTANT
    probe: Annotated[float, Field(gt=0, lt=1)] = 0.25
    """With `probe_first`: the share of all steps in which the heads train alone."""


class SamplingConfig(Config):
    """Which task gives the next batch."""

    alpha: Annotated[float, Field(ge=0, le=1)] = 0.5
    """p_i proportional to n_i^alpha over batches: 1 proportional, 0 uniform."""
    schedule: Literal["random", "round_robin"] = "random"
    joint: bool = True
    """Whether classification and tagging tasks that label the same texts share each pass and each step; their batches
    are smaller by the square root of the number of tasks."""


class OptimizerConfig(Config):
    """AdamW with linear warm-up and decay; learning rates per step, by default those of the freezing choice."""

    backbone_lr: Annotated[float, Field(gt=0, lt=1)] = _ANY.backbone_lr
    head_lr: Annotated[float, Field(gt=0, lt=1)] = _ANY.head_lr
    tagging_lr: Annotated[float, Field(gt=0, lt=1)] = _ANY.tagging_lr
    """Of tagging heads, which want more where the backbone is frozen; default: `head_lr` where that is given."""
    layer_decay: Annotated[float, Field(gt=0, le=1)] = 1.0
    """Factor of the learning rate from each layer to the one below."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.01
    warmup: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Share of all steps over which the learning rate rises."""
    clip: Annotated[float, Field(gt=0)] = 1.0
    """Largest norm of the gradient."""
    l2: Annotated[float, Field(gt=0)] = 30.0
    """With `solver: lbfgs` alone: the penalty on squared weights over features of variance 1, against the sum of the
    losses (1 / C of scikit-learn's `LogisticRegression`)."""


class BudgetConfig(Config):
    """How long a run may be; whichever limit comes first. Epochs are by default those of the freezing choice."""

    epochs: Annotated[float, Field(gt=0, le=1000)] = _ANY.epochs
    batch_tokens: Tokens = 512
    """Tokens of a batch, padding included."""
    frozen_batch_tokens: Tokens = 4096
    """Most tokens of a batch of classification over a frozen, cached backbone: it grows up to this while an epoch keeps
    50 batches, and is never smaller than `batch_tokens`."""
    micro_batch_tokens: Tokens | None = None
    """Most tokens of one forward pass; a larger batch adds up gradients over several. Default: the whole batch."""
    max_steps: Count | None = None
    max_minutes: Annotated[float, Field(gt=0)] | None = None


class EvaluationConfig(Config):
    """When to measure, and which measure chooses the best checkpoint."""

    every: Literal["epoch"] | Count = "epoch"
    """`epoch`, or a number of steps."""
    best: str = "mean"
    """`mean` of every task's main metric, `guarded`, a task's name, or `task/metric`."""
    guard: Annotated[float, Field(ge=0, le=1)] = 0.01
    """With `guarded`: how far a task's main metric may lie below its own best so far."""
    patience: Count | None = None
    """Stop after so many evaluations without a new best."""
    gradient_cosine: bool = False
    """Whether to measure the angle between the tasks' gradients on the shared backbone, on one batch of each."""


class StorageConfig(Config):
    """How checkpoints are stored."""

    dtype: Literal["float32", "float16"] = "float32"
    sample: Annotated[int, Field(ge=0, le=1000)] = 32
    """Dev examples of each task stored beside the weights, on which faster backends are compared; 0 stores none."""


class CacheConfig(Config):
    """Where cached activations, those below the lowest trained layer, are kept between epochs and runs."""

    enabled: bool = True
    max_gb: Annotated[float, Field(gt=0)] = 10.0
    """All entries together, in 10^9 bytes; the least recently used go first."""
