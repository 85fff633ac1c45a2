"""Everything a training run needs, as frozen values with every default written out."""

from collections.abc import Callable
from dataclasses import asdict, replace
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    PrivateAttr,
    SerializerFunctionWrapHandler,
    model_serializer,
    model_validator,
)

from mtl.recipe.choices import (
    TASK_NAME,
    Activation,
    BackboneFreezing,
    Decoder,
    LongTexts,
    Pooling,
    Precision,
    Preset,
    Schedule,
    SimilarityLoss,
    Solver,
    TaskKind,
    Tracker,
    WordSplitting,
)
from mtl.recipe.defaults import FULL_ANCHOR, LAST_LAYER_ANCHOR, Defaults, defaults_of
from mtl.recipe.renamed import with_new_names

DEFAULT_BACKBONE = "sentence-transformers/all-MiniLM-L6-v2"


FollowingKey = Literal[
    "optimizer.backbone_lr",
    "optimizer.head_lr",
    "optimizer.tagging_lr",
    "budget.epochs",
    "anchor",
    "precision",
    "solver",
    "long_texts",
    "words",
]
"""Keys whose value, where nobody sets one, follows the freezing choice, a measurement (`precision`) or the checkpoint
that the run starts from (`long_texts` and `words`)."""
_CHOSEN = ("anchor", "precision", "solver", "long_texts", "words")
"""Those of them outside of sections; a run settles them when it begins."""
_ANY = Defaults()
_Count = Annotated[int, Field(ge=1, le=10**9)]
_Tokens = Annotated[int, Field(ge=16, le=10**9)]


class _Config(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False)


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, (str, int, Path)) else value


def _with_text_labels(value: object) -> object:
    """Labels as files have them: numbers in digits, and YAML's booleans in each usual spelling."""
    if not isinstance(value, dict):
        return value
    result: dict[object, object] = {}
    for key, label in value.items():
        keys = (str(key).lower(), str(key), str(key).upper()) if isinstance(key, bool) else (_text_label(key),)
        result |= dict.fromkeys(keys, _text_label(label))
    return result


def _text_label(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else value


ColumnRole = Literal[
    "text",
    "label",
    "labels",
    "sentence1",
    "sentence2",
    "score",
    "negative",
    "tokens",
    "tags",
    "spans",
    "token",
    "tag",
]
"""What a column can be; `token` and `tag` are those of CoNLL."""


class HeadConfig(_Config):
    """The shape of one head; keys of another kind of task than the head's are refused with the task's path."""

    hidden: Annotated[tuple[Annotated[int, Field(ge=1, le=8192)], ...], BeforeValidator(_as_tuple)] | None = None
    """Sizes of the hidden layers; default: one of size H for classification, none for tagging and with `solver: lbfgs`;
    [] for none."""
    dropout: Annotated[float, Field(ge=0, lt=1)] = 0.1
    """Of training by SGD; L-BFGS drops nothing."""
    activation: Activation = Activation.TANH
    norm: Annotated[float | None, Field(gt=0, exclude_if=lambda value: value is None)] = None
    """Epsilon of a layer norm after the activation of each hidden layer; none by default."""
    shared: str | None = None
    """Name of a group of classification heads that share their first hidden layer."""
    decoder: Decoder = Decoder.LINEAR
    layers: Annotated[
        Literal["last", "mix"] | Annotated[int, Field(ge=1, le=1000)] | None,
        Field(exclude_if=lambda value: value is None),
    ] = None
    """What tags are read from: the last layer, a learned mix of all, or the layer of that number from the bottom. Those
    below the last leave it free to keep the embedding. Default: what the checkpoint's head reads; for a new head the
    last layer, and with `full` and an anchor that after two thirds of all."""
    loss: Annotated[SimilarityLoss | None, Field(exclude_if=lambda value: value is None)] = None
    """Of similarity; default: that of the checkpoint it starts from, or `cosent`. `cosent` and `cosine` learn from
    scores, `multiple_negatives` from pairs that belong together (with a score of at least 0.5): all other second
    sentences of a batch are negatives, so more tokens of a batch give more of them. Micro-batches are compared each by
    itself."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0


_HEAD_KEYS = {
    TaskKind.CLASSIFICATION: {"hidden", "dropout", "activation", "norm", "shared", "label_smoothing"},
    TaskKind.TAGGING: {"hidden", "dropout", "activation", "norm", "decoder", "layers", "label_smoothing"},
    TaskKind.SIMILARITY: {"loss"},
}


_CLASSIFICATION_KEYS = ("multi_label", "class_weights")


def _with_text_keys(value: object) -> object:
    """YAML reads a label such as `1` as a number."""
    if not isinstance(value, dict):
        return value
    return {str(key) if type(key) is int else key: weight for key, weight in value.items()}


class TaskConfig(_Config):
    """One task: its kind, its files and its head."""

    kind: TaskKind
    train: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = ()
    dev: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = ()
    weight: Annotated[float, Field(gt=0)] = 1.0
    """Factor of the task's loss."""
    format: str | None = None
    """The format of the files (see `mtl convert --help`); default: told by their content."""
    columns: dict[ColumnRole, str | int] = {}
    """The name of a column, or its number from 1, for what is called otherwise in the files."""
    map_labels: Annotated[dict[str, str], BeforeValidator(_with_text_labels)] = {}
    """Labels (entity types for tagging) to read as another one; a type read as `O` is no entity."""
    score_range: tuple[float, float] = (0.0, 1.0)
    """Lowest and highest score of a similarity task's files; a pair without a score has the highest."""
    multi_label: bool = False
    """Of classification: whether a text has any number of labels, none included."""
    class_weights: Annotated[
        Literal["balanced"] | dict[str, Annotated[float, Field(gt=0, allow_inf_nan=False)]] | None,
        BeforeValidator(_with_text_keys),
    ] = None
    """Of single-label classification: how much each label counts in the loss, 1 where it is not named; `balanced`
    weighs labels inversely to their number of training examples."""
    max_rows: _Count | None = None
    """Read only so many training examples."""
    take: Annotated[Literal["first", "drawn"], Field(exclude_if=lambda value: value == "first")] = "first"
    """Which of more than `max_rows`: the first, or some that are drawn by chance, the same ones each time."""
    head: HeadConfig = HeadConfig()

    @model_serializer(mode="wrap")
    def _without_other_kinds(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what belongs to heads of other kinds and what nobody said of a head, which may be a checkpoint's.

        So a written recipe loads again, and means the same.
        """
        content: dict[str, Any] = handler(self)
        if self.kind is not TaskKind.CLASSIFICATION:
            content = {k: v for k, v in content.items() if k not in _CLASSIFICATION_KEYS}
        if "head" in content:
            said = _HEAD_KEYS[self.kind] & self.head.model_fields_set
            content["head"] = {k: v for k, v in content["head"].items() if k in said}
            if not said:
                del content["head"]
        return content

    @model_validator(mode="after")
    def _head_fits_kind(self) -> "TaskConfig":
        allowed = _HEAD_KEYS[self.kind]
        wrong = sorted(self.head.model_fields_set - allowed)
        if wrong:
            raise ValueError(f"a {self.kind} head takes {', '.join(sorted(allowed))}, was given {', '.join(wrong)}")
        if self.kind is not TaskKind.CLASSIFICATION:
            for key in _CLASSIFICATION_KEYS:
                if getattr(self, key):
                    raise ValueError(f"{key} belongs to classification tasks, this one is of kind {self.kind}")
        if self.multi_label and self.class_weights:
            raise ValueError("class_weights belongs to single-label tasks, this one has multi_label")
        if self.head.decoder is Decoder.CRF and self.head.label_smoothing:
            raise ValueError("a crf head takes no label_smoothing")
        if self.score_range[0] >= self.score_range[1]:
            raise ValueError("score_range is [lowest, highest]")
        if len(set(self.columns.values())) < len(self.columns):
            raise ValueError(f"a different column was expected for each of {', '.join(self.columns)}")
        return self


class FreezingConfig(_Config):
    """Where, which heads, when; a preset fills in what is not set."""

    preset: Preset | None = None
    backbone: BackboneFreezing | None = None
    layers: Annotated[int, Field(ge=1, le=1000)] | None = None
    """How many of the top layers train with `last_layers`."""
    frozen_heads: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = ()
    embeddings: Literal["frozen", "trained"] | None = None
    """Whether the word embeddings train; default: only with `full`."""
    rank: Annotated[int, Field(ge=1, le=512)] | None = None
    """Rank of the adapters with `lora`."""
    schedule: Schedule = Schedule.CONSTANT
    probe: Annotated[float, Field(gt=0, lt=1)] = 0.25
    """With `probe_first`: the share of all steps in which the heads train alone."""


class SamplingConfig(_Config):
    """Which task gives the next batch."""

    alpha: Annotated[float, Field(ge=0, le=1)] = 0.5
    """p_i proportional to n_i^alpha over batches: 1 proportional, 0 uniform."""
    schedule: Literal["random", "round_robin"] = "random"
    joint: bool = True
    """Whether classification and tagging tasks that label the same texts share each pass and each step; their batches
    are smaller by the square root of the number of tasks."""


class OptimizerConfig(_Config):
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


class BudgetConfig(_Config):
    """How long a run may be; whichever limit comes first. Epochs are by default those of the freezing choice."""

    epochs: Annotated[float, Field(gt=0, le=1000)] = _ANY.epochs
    batch_tokens: _Tokens = 512
    """Tokens of a batch, padding included."""
    frozen_batch_tokens: _Tokens = 4096
    """Most tokens of a batch of classification over a frozen, cached backbone: it grows up to this while an epoch keeps
    50 batches, and is never smaller than `batch_tokens`."""
    micro_batch_tokens: _Tokens | None = None
    """Most tokens of one forward pass; a larger batch adds up gradients over several. Default: the whole batch."""
    max_steps: _Count | None = None
    max_minutes: Annotated[float, Field(gt=0)] | None = None


class EvaluationConfig(_Config):
    """When to measure, and which measure chooses the best checkpoint."""

    every: Literal["epoch"] | _Count = "epoch"
    """`epoch`, or a number of steps."""
    best: str = "mean"
    """`mean` of every task's main metric, `guarded`, a task's name, or `task/metric`."""
    guard: Annotated[float, Field(ge=0, le=1)] = 0.01
    """With `guarded`: how far a task's main metric may lie below its own best."""
    patience: _Count | None = None
    """Stop after so many evaluations without a new best."""
    gradient_cosine: bool = False
    """Whether to measure the angle between the tasks' gradients on the shared backbone, on one batch of each."""


class StorageConfig(_Config):
    """How checkpoints are stored."""

    dtype: Literal["float32", "float16"] = "float32"
    sample: Annotated[int, Field(ge=0, le=1000)] = 32
    """Dev examples of each task stored beside the weights, on which faster backends are compared; 0 stores none."""


class CacheConfig(_Config):
    """Where cached activations, those below the lowest trained layer, are kept between epochs and runs."""

    enabled: bool = True
    max_gb: Annotated[float, Field(gt=0)] = 10.0
    """All entries together, in 10^9 bytes; the least recently used go first."""


class Recipe(_Config):
    """A whole training run."""

    backbone: str = DEFAULT_BACKBONE
    pooling: Pooling | None = None
    """Default: what the backbone's configuration names, else mean."""
    max_length: Annotated[int, Field(ge=8, le=8192)] | None = None
    """Tokens of a text, special ones included; default: what the backbone's configuration names."""
    long_texts: LongTexts = LongTexts.WINDOWS
    """How a text longer than `max_length` is read: in overlapping windows (its words sentence by sentence), or cut;
    default: as the checkpoint that the run starts from reads it, else in windows."""
    words: WordSplitting = WordSplitting.CHARACTERS
    """How tagging tasks tell the words of scripts without spaces between them (Chinese, Japanese, Thai, Lao, Khmer,
    Burmese): each character is one, by dictionary (`icu`, which needs `icu4py`), or a whole run (`spaces`); default:
    as the checkpoint that the run starts from tells them, else each character."""
    data_root: str | None = None
    """Folder that data paths start from, `${VARIABLE}` allowed; default: the recipe's own folder."""
    tasks: Annotated[dict[Annotated[str, Field(pattern=f"^{TASK_NAME}$")], TaskConfig], Field(min_length=1)]
    freezing: FreezingConfig = FreezingConfig(preset=Preset.FULL)
    sampling: SamplingConfig = SamplingConfig()
    balancing: Literal["static", "uncertainty"] = "static"
    """`uncertainty` learns a weight for each task's loss on top of the fixed ones."""
    anchor: Annotated[float, Field(ge=0)] = 0.0
    """Weight of a loss that keeps the embedding near that of the untouched backbone; default: that of the freezing
    choice, of `full` a tenth of it where no tags are read below the last layer, 0 with a similarity task that trains
    the embedding itself."""
    solver: Solver = Solver.AUTO
    """`sgd`: steps of AdamW on batches. `lbfgs`: where the backbone is frozen, linear heads by L-BFGS; a step is an
    iteration over all examples of a task. `auto` takes it for `heads_only` where all tasks that train are of
    classification, unless the recipe sets keys of AdamW or of its batches, or a shape of head that has no single
    optimum."""
    optimizer: Annotated[OptimizerConfig, Field(default_factory=OptimizerConfig)]
    budget: Annotated[BudgetConfig, Field(default_factory=BudgetConfig)]
    evaluation: EvaluationConfig = EvaluationConfig()
    checkpoint: StorageConfig = StorageConfig()
    cache: CacheConfig = CacheConfig()
    tracking: Annotated[tuple[Tracker, ...], BeforeValidator(_as_tuple)] = ()
    """Where a run's figures are sent while it runs: `tensorboard`, `trackio`, `wandb`, `mlflow`."""
    about: str = ""
    """Markdown for the model card: what the data are, their licences, who made them."""
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 42
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    filled_in: Annotated[dict[FollowingKey, float | str], Field(exclude=True)] = {}
    """In a recipe that was written out: the values that nobody set. An entry counts while its key has that value."""
    _notes: tuple[str, ...] = PrivateAttr(())

    load: ClassVar[Callable[..., "Recipe"]]
    """`Recipe.load(path, overrides=())` is `mtl.recipe.load`, which imports this module and puts itself here."""

    @property
    def notes(self) -> tuple[str, ...]:
        """What the user should know about how the recipe was read, such as keys that have a new name."""
        return self._notes

    @model_validator(mode="wrap")
    @classmethod
    def _read_old_names(cls, content: object, handler: ModelWrapValidatorHandler["Recipe"]) -> "Recipe":
        if not isinstance(content, dict):
            return handler(content)
        content, notes = with_new_names(content)
        recipe = handler(content)
        recipe._notes = notes
        return recipe

    @model_validator(mode="after")
    def _fill_in(self) -> "Recipe":
        """Write out the defaults of the freezing choice, in new sections: those that were passed in stay as they are.

        What nobody set stays out of the `model_fields_set` of its section.
        """
        sections = {"optimizer": self.optimizer, "budget": self.budget}
        said = {
            name: {
                key
                for key in section.model_fields_set
                if (f"{name}.{key}", getattr(section, key)) not in self.filled_in.items()
            }
            for name, section in sections.items()
        }
        chosen = defaults_of(self.freezing.preset, self.freezing.backbone, self.freezing.layers)
        if "head_lr" in said["optimizer"]:
            chosen = replace(chosen, tagging_lr=self.optimizer.head_lr)
        for name, section in sections.items():
            written = {key: getattr(section, key) for key in section.model_fields_set}
            own = {key: value for key, value in asdict(chosen).items() if key in type(section).model_fields}
            self.__dict__[name] = type(section).model_construct(said[name], **own | written)
        if "anchor" not in self.model_fields_set:
            self.__dict__["anchor"] = self._default_anchor(chosen.anchor)
        self.model_fields_set.difference_update(
            key for key in _CHOSEN if (key, getattr(self, key)) in self.filled_in.items()
        )
        self.__dict__["filled_in"] = {}
        self.model_fields_set.discard("filled_in")
        return self

    def _default_anchor(self, chosen: float) -> float:
        """That of the freezing choice; weaker where no tags leave the last layer to the embedding."""
        kinds = {task.kind for task in self.tasks.values()}
        if any(task.kind is TaskKind.SIMILARITY and task.train for task in self.tasks.values()):
            return 0.0
        return chosen if TaskKind.TAGGING in kinds or chosen != FULL_ANCHOR else LAST_LAYER_ANCHOR

    def unset(self) -> dict[str, float | str]:
        """The values of the keys above that nobody set, by key."""
        found = {}
        for key in get_args(FollowingKey):
            *sections, field = key.split(".")
            section = getattr(self, sections[0]) if sections else self
            if field not in section.model_fields_set:
                value = getattr(section, field)
                found[key] = value.value if isinstance(value, Enum) else value
        return found

    def with_precision(self, precision: Precision) -> "Recipe":
        """The same recipe with a measured precision in place of `auto`; it stays marked as set by nobody."""
        return self.settled(precision=precision.value) if self.precision == "auto" else self

    def with_note(self, note: str) -> "Recipe":
        """The same recipe with another note."""
        recipe = self.model_copy()
        recipe._notes = (*self._notes, note)
        return recipe

    def with_solver(self, solver: Solver) -> "Recipe":
        """The same recipe with the solver that `auto` chose; it stays marked as set by nobody."""
        return self.settled(solver=solver) if self.solver is Solver.AUTO else self

    def settled(self, **values: object) -> "Recipe":
        """The same recipe with values that a run chose for keys outside of sections; nobody counts as their setter."""
        recipe = self.model_copy(update=values)
        recipe.model_fields_set.difference_update(values)
        return recipe

    def under(self, freezing: FreezingConfig) -> "Recipe":
        """The same recipe with another freezing choice, and its defaults for what this recipe does not set."""
        return self._changed(freezing=freezing.model_dump(mode="json", exclude_unset=True))

    def on(self, backbone: str) -> "Recipe":
        """The same recipe with another backbone, and the defaults for what this recipe does not set."""
        return self._changed(backbone=backbone)

    def _changed(self, **content: object) -> "Recipe":
        recipe = Recipe.model_validate(self.model_dump(mode="json", exclude_unset=True) | content)
        recipe._notes = self._notes
        return recipe
