"""What an engine knows of its model beside the weights: enough to read texts and to decode answers."""

from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from mtl.checkpoint.config import TaskRecord
from mtl.inference.decoding import TagDecoder
from mtl.inference.reading import ReaderConfig
from mtl.recipe.schema import TaskKind
from mtl.task import TaskInfo

if TYPE_CHECKING:
    from mtl.checkpoint import LoadedModel


class CrfScores(BaseModel):
    """The transitions `(L, L)` and starts `(L,)` that a conditional random field has learned."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    transitions: list[list[float]]
    starts: list[float]


class EngineSpec(BaseModel):
    """A model without its weights; `recipe` is what its training said of the tasks' files."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    backbone: str
    dimension: int
    normalize: bool
    reader: ReaderConfig
    tokenizer: str
    """`tokenizer.json` as the library `tokenizers` reads it."""
    tasks: dict[str, TaskRecord]
    crf: dict[str, CrfScores]
    recipe: dict[str, Any]

    def task_infos(self) -> dict[str, TaskInfo]:
        """The tasks by name."""
        return {n: TaskInfo(n, t.kind, t.labels, t.head) for n, t in self.tasks.items()}

    def names(self, kind: TaskKind) -> list[str]:
        """The names of the tasks of one kind, in their order."""
        return [name for name, task in self.tasks.items() if task.kind is kind]

    def decoders(self) -> dict[str, TagDecoder]:
        """A decoder for each tagging task."""
        tasks = self.task_infos()
        result = {}
        for name in self.names(TaskKind.TAGGING):
            scores = self.crf.get(name)
            result[name] = TagDecoder(
                tasks[name].tags,
                transitions=np.array(scores.transitions, dtype=np.float32) if scores else None,
                starts=np.array(scores.starts, dtype=np.float32) if scores else None,
            )
        return result


def spec_of(loaded: "LoadedModel") -> EngineSpec:
    """The spec of a loaded model."""
    model, tokenizer = loaded.model, loaded.tokenizer
    crf = {}
    for name, head in model.heads.items():
        if getattr(head, "is_crf", False):
            crf[name] = CrfScores(transitions=head.transitions.tolist(), starts=head.starts.tolist())  # type: ignore[operator]
    return EngineSpec(
        backbone=loaded.backbone.name,
        dimension=model.encoder.dimension,
        normalize=model.encoder.normalize,
        reader=ReaderConfig(max_length=tokenizer.max_length, pad_id=tokenizer.pad_id, lower_case=tokenizer.lower_case),
        tokenizer=tokenizer.backend.backend_tokenizer.to_str(),
        tasks={n: TaskRecord(kind=t.kind, labels=t.labels, head=t.head) for n, t in model.tasks.items()},
        crf=crf,
        recipe=dict(loaded.config.recipe) if loaded.config else {},
    )
