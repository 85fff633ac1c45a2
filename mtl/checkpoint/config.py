"""`config.json` of a checkpoint."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, ValidationError, model_serializer

from mtl.backbones import BackboneSource, find_backbone
from mtl.backbones.known_folders import remember
from mtl.backbones.source import find_local, has_weights
from mtl.errors import BackboneError, CheckpointError
from mtl.json_text import parse_json
from mtl.recipe.choices import Pooling, TaskKind
from mtl.recipe.tasks import HeadConfig, TaskConfig
from mtl.task import TaskInfo

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
CARD_FILE = "README.md"
SAMPLE_FOLDER = "sample"
HEADS_FOLDER = "polyhead"
"""Inside of an encoder's folder: a checkpoint of heads, whose backbone is the folder around it."""
_AS_TRAINED: Mapping[str, str] = MappingProxyType({})


class BackboneReference(BaseModel):
    """The backbone that a checkpoint is relative to; `sha256` is of its weights."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    """A Hub id, or the name of the folder of a local backbone; older checkpoints have its path."""
    sha256: str
    local: bool = False

    @property
    def is_of_this_machine(self) -> bool:
        """Whether others find no backbone by the name."""
        return self.local or Path(self.name).is_absolute()

    @property
    def shown_name(self) -> str:
        """The name without a path of this machine."""
        return Path(self.name).name if Path(self.name).is_absolute() else self.name

    def find(self, checkpoint: Path) -> BackboneSource:
        """The backbone on this machine.

        Raises:
            CheckpointError: none known here has these weights.
            BackboneError: the Hub has no such backbone.
        """
        around = checkpoint.resolve().parent
        if checkpoint.name == HEADS_FOLDER and has_weights(around, self.sha256):
            remember(around, self.sha256)
            return BackboneSource(self.name, around, self.sha256, local=True)
        path = Path(self.name)
        if self.local or (path.is_absolute() and not path.is_dir()):
            try:
                return find_local(path.name, self.sha256)
            except BackboneError as error:
                raise CheckpointError(error.message, path=checkpoint) from error
        found = find_backbone(self.name)
        if found.sha256 != self.sha256:
            raise CheckpointError(
                f"a backbone {found.name} with sha256 {self.sha256[:12]}… was expected, "
                f"found one with {found.sha256[:12]}…",
                path=checkpoint,
            )
        return found


class TaskRecord(BaseModel):
    """A task as a checkpoint knows it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: TaskKind
    labels: tuple[str, ...]
    head: HeadConfig
    multi_label: bool = False
    thresholds: tuple[float, ...] = ()
    """Of a multi-label task: the probability from which each label is chosen; empty for 0.5."""
    temperature: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """What the logarithms of the head's probabilities are divided by."""

    @classmethod
    def of(cls, task: TaskInfo) -> "TaskRecord":
        """The record of a task."""
        return cls(
            kind=task.kind,
            labels=task.labels,
            head=task.head,
            multi_label=task.multi_label,
            thresholds=task.thresholds,
            temperature=task.temperature,
        )

    def task_config(self, name: str, recipe: Mapping[str, Any], columns: Mapping[str, str] = _AS_TRAINED) -> TaskConfig:
        """How data files of the task are to be read.

        Args:
            name: of the task.
            recipe: of the checkpoint.
            columns: the column of a role where it is another one than in training.
        """
        said = recipe.get("tasks", {}).get(name, {})
        content = {key: said[key] for key in ("map_labels", "score_range") if key in said}
        content["columns"] = {**said.get("columns", {}), **columns}
        if self.kind is TaskKind.SIMILARITY:
            content["head"] = HeadConfig(loss=self.head.loss)
        return TaskConfig.model_validate({"kind": self.kind, "multi_label": self.multi_label, **content})

    def info(self, name: str) -> TaskInfo:
        """The task of this record."""
        return TaskInfo(name, self.kind, self.labels, self.head, self.multi_label, self.thresholds, self.temperature)

    @model_serializer(mode="wrap")
    def _without_defaults(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out what a task does not use, so that versions that did not know it read the checkpoint."""
        content: dict[str, Any] = handler(self)
        if not self.multi_label:
            del content["multi_label"], content["thresholds"]
        if self.temperature == 1:
            del content["temperature"]
        return content


class CheckpointConfig(BaseModel):
    """Everything but the tensors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    format: Literal["polyhead-1"] = "polyhead-1"
    backbone: BackboneReference
    pooling: Pooling
    max_length: int
    adapter_rank: int | None = None
    """Rank of the low-rank adapters that stand in the backbone, or None."""
    tasks: dict[str, TaskRecord]
    tensors: int | None = None
    """How many tensors the weights hold."""
    step: int = 0
    metrics: dict[str, float] = {}
    recipe: dict[str, Any] = {}
    """That of the run; a task that it took over from another checkpoint is as the recipe of that one has it."""


def is_checkpoint(folder: Path) -> bool:
    """Whether a folder holds a Polyhead checkpoint (and not, say, a plain backbone)."""
    try:
        return str(parse_json((folder / CONFIG_FILE).read_text(encoding="utf-8")).get("format", "")).startswith(
            "polyhead"
        )
    except (OSError, ValueError, AttributeError):
        return False


def read_config(folder: Path) -> CheckpointConfig:
    """The configuration of a checkpoint folder.

    Raises:
        CheckpointError: it is missing or damaged, or of another format.
    """
    path = folder / CONFIG_FILE
    try:
        return CheckpointConfig.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise CheckpointError(f"a checkpoint's configuration was expected: {error.strerror}", path=path) from error
    except (ValidationError, UnicodeDecodeError) as error:
        first = error.errors()[0] if isinstance(error, ValidationError) else None
        detail = f": {'.'.join(map(str, first['loc']))}: {first['msg']}" if first else ""
        raise CheckpointError(f"a configuration of format polyhead-1 was expected{detail}", path=path) from error
