"""The names that a recipe chooses from."""

import re
from enum import StrEnum

_TASK_NAME = re.compile("[A-Za-z][A-Za-z0-9_-]*")  # tasks name files and folders too
_TAKEN = ("embedding", "mean", "guarded")
"""Figures of the embedding are `eval/embedding/…`, and a recipe's `evaluation.best` may be `mean` or `guarded`."""
HUB_PREFIX = "hf:"
"""What a data file begins with that is a data set of the Hub."""


def need_task_name(name: str) -> str:
    """The name of a task, checked.

    Raises:
        ValueError: no task may have it.
    """
    if not _TASK_NAME.fullmatch(name):
        raise ValueError("A letter from a to z, then letters, digits, - and _ were expected as the name of a task")
    if name in _TAKEN:
        raise ValueError(f"Another name of a task than {', '.join(_TAKEN)} was expected")
    return name


class TaskKind(StrEnum):
    """What a task predicts."""

    CLASSIFICATION = "classification"
    TAGGING = "tagging"
    SIMILARITY = "similarity"


class Pooling(StrEnum):
    """How hidden states `(B, T, H)` become one vector `(B, H)`; names and meanings of sentence-transformers."""

    MEAN = "mean"
    CLS = "cls"
    MAX = "max"
    MEAN_SQRT_LEN = "mean_sqrt_len"
    WEIGHTED_MEAN = "weighted_mean"
    LAST_TOKEN = "last_token"


class Decoder(StrEnum):
    """How a tagging head turns scores into tags; all give legal BIO only.

    `linear` takes the best legal sequence; `argmax` the best tag of each word, and an I-X that continues nothing begins
    an entity, as in the pipelines of transformers.
    """

    LINEAR = "linear"
    CRF = "crf"
    ARGMAX = "argmax"


class Activation(StrEnum):
    """The non-linearity of a head's hidden layers."""

    TANH = "tanh"
    GELU = "gelu"
    RELU = "relu"


class SimilarityLoss(StrEnum):
    """What a similarity task minimises.

    `cosine` is the squared error, `cosent` the ranking loss of CoSENT; both learn from scores. `multiple_negatives`
    learns to find the second sentence of a pair among those of all pairs of the batch.
    """

    COSINE = "cosine"
    COSENT = "cosent"
    MULTIPLE_NEGATIVES = "multiple_negatives"


class BackboneFreezing(StrEnum):
    """Which part of the backbone trains."""

    FROZEN = "frozen"
    LAST_LAYERS = "last_layers"
    LORA = "lora"
    FULL = "full"


class Preset(StrEnum):
    """The usual freezing choices by name."""

    ALL_FROZEN = "all_frozen"
    HEADS_ONLY = "heads_only"
    ONE_HEAD_FROZEN = "one_head_frozen"
    LAST_LAYERS = "last_layers"
    FULL = "full"
    LORA = "lora"
    PROBE_THEN_FINETUNE = "probe_then_finetune"
    GRADUAL = "gradual"


class Solver(StrEnum):
    """What trains: steps of AdamW on batches, or L-BFGS on all examples where only linear heads train.

    `auto` is the latter where it is as good and faster: see `mtl.training.solver`.
    """

    SGD = "sgd"
    LBFGS = "lbfgs"
    AUTO = "auto"


class Schedule(StrEnum):
    """When the trained parts train."""

    CONSTANT = "constant"
    PROBE_FIRST = "probe_first"
    GRADUAL = "gradual"


class LongTexts(StrEnum):
    """How a text longer than the backbone's maximum is read: in overlapping windows, or cut."""

    WINDOWS = "windows"
    CUT = "cut"


class WordSplitting(StrEnum):
    """How the words of scripts that are written without spaces are told: each character is one, by dictionary, or not.

    `icu` uses the dictionaries of ICU (the library `icu4py`); with `spaces` a run of letters is one word.
    """

    CHARACTERS = "characters"
    ICU = "icu"
    SPACES = "spaces"


class Tracker(StrEnum):
    """Where the figures of a run are sent."""

    TENSORBOARD = "tensorboard"
    TRACKIO = "trackio"
    WANDB = "wandb"
    MLFLOW = "mlflow"


class Precision(StrEnum):
    """The numbers that a backbone computes with; weights and heads stay in float32."""

    FP32 = "fp32"
    BF16 = "bf16"
