"""`config.json` of a checkpoint."""

import json
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from mtl.errors import CheckpointError
from mtl.recipe.choices import Pooling, TaskKind
from mtl.recipe.schema import HeadConfig

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
CARD_FILE = "README.md"
SAMPLE_FOLDER = "sample"


class BackboneReference(BaseModel):
    """The backbone that a checkpoint is relative to; `sha256` is of its weights."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str
    sha256: str


class TaskRecord(BaseModel):
    """A task as a checkpoint knows it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: TaskKind
    labels: tuple[str, ...]
    head: HeadConfig


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


def is_checkpoint(folder: Path) -> bool:
    """Whether a folder holds a Polyhead checkpoint (and not, say, a plain backbone)."""
    try:
        return str(json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8")).get("format", "")).startswith(
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
