"""Everything a training run needs, as frozen values with every default written out."""

from collections.abc import Callable
from dataclasses import asdict, replace
from enum import Enum
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, Field, ModelWrapValidatorHandler, PrivateAttr, model_validator

from mtl.recipe.choices import (
    LongTexts,
    Pooling,
    Precision,
    Preset,
    Solver,
    TaskKind,
    Tracker,
    WordSplitting,
    need_task_name,
)
from mtl.recipe.defaults import FULL_ANCHOR, LAST_LAYER_ANCHOR, defaults_of
from mtl.recipe.renamed import with_new_names
from mtl.recipe.sections import (
    BudgetConfig,
    CacheConfig,
    EvaluationConfig,
    FreezingConfig,
    OptimizerConfig,
    SamplingConfig,
    StorageConfig,
)
from mtl.recipe.tasks import TaskConfig
from mtl.recipe.values import Config, as_tuple

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


class Recipe(Config):
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
    tasks: Annotated[dict[Annotated[str, AfterValidator(need_task_name)], TaskConfig], Field(min_length=1)]
    freezing: FreezingConfig = FreezingConfig(preset=Preset.FULL)
    sampling: SamplingConfig = SamplingConfig()
    balancing: Literal["static", "uncertainty"] = "static"
    """`uncertainty` learns a weight for each task's loss on top of the fixed ones."""
    anchor: Annotated[float, Field(ge=0)] = 0.0
    """Weight of a loss that keeps the embedding near that of the untouched backbone; default: that of the freezing
    choice, of `full` a tenth of it where no tags are read below the last layer and 0.3 from 1,000 train rows on, 0 with
    a similarity task that trains the embedding itself."""
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
    tracking: Annotated[tuple[Tracker, ...], BeforeValidator(as_tuple)] = ()
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

    def with_backbone(self, backbone: str) -> "Recipe":
        """The same recipe with another backbone, and the defaults for what this recipe does not set."""
        return self._changed(backbone=backbone)

    def _changed(self, **content: object) -> "Recipe":
        recipe = Recipe.model_validate(self.model_dump(mode="json", exclude_unset=True) | content)
        recipe._notes = self._notes
        return recipe
