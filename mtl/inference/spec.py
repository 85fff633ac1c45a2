"""What an engine knows of its model besides the weights: enough to tokenise texts and to decode outputs."""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from mtl.backbones.dense import DenseLayer
from mtl.checkpoint.config import TaskRecord
from mtl.checkpoint.imported import PIPELINE_WORDS
from mtl.decoding import TagDecoder
from mtl.recipe.choices import Decoder, TaskKind, WordSplitting
from mtl.task import TaskInfo
from mtl.text.windows import WindowConfig

if TYPE_CHECKING:
    from mtl.checkpoint.store import LoadedModel


class CrfScores(BaseModel):
    """The transitions `(L, L)` and starts `(L,)` that a conditional random field has learned."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    transitions: list[list[float]]
    starts: list[float]


class EngineSpec(BaseModel):
    """A model without its weights and its tokenizer; `recipe` is what its training said of the tasks' files."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    backbone: str
    dimension: int
    normalize: bool
    window: WindowConfig
    tasks: dict[str, TaskRecord]
    crf: dict[str, CrfScores]
    recipe: dict[str, Any]
    dense: tuple[DenseLayer, ...] = ()
    """What maps the pooled vector to the embedding."""

    @property
    def embedding_dimension(self) -> int:
        """How many numbers an embedding has."""
        return self.dense[-1].outputs if self.dense else self.dimension

    @property
    def splitting(self) -> WordSplitting:
        """How the words of a raw text are told; as before scripts without spaces were split, where nothing says it."""
        if self.has_pipeline_words:
            return WordSplitting.SPACES
        return WordSplitting(self.recipe.get("words", WordSplitting.SPACES))

    @property
    def has_pipeline_words(self) -> bool:
        """Whether the words of a raw text are told from its tokens, as the pipelines of transformers do."""
        return bool(self.recipe.get("words") == PIPELINE_WORDS)

    def task_infos(self) -> dict[str, TaskInfo]:
        """The tasks by name."""
        return {name: task.info(name) for name, task in self.tasks.items()}

    def of_tasks(self, names: Collection[str]) -> "EngineSpec":
        """The same model with some of its heads."""
        return self.model_copy(
            update={
                "tasks": {name: task for name, task in self.tasks.items() if name in names},
                "crf": {name: scores for name, scores in self.crf.items() if name in names},
            }
        )

    def uncalibrated(self, names: Collection[str]) -> "EngineSpec":
        """The same model with some of its heads at temperature 1."""
        plain = {name: task.model_copy(update={"temperature": 1.0}) for name, task in self.tasks.items()}
        return self.model_copy(
            update={"tasks": {name: (plain if name in names else self.tasks)[name] for name in self.tasks}}
        )

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
                argmax=tasks[name].head.decoder is Decoder.ARGMAX,
                temperature=tasks[name].temperature,
            )
        return result


def spec_of(loaded: "LoadedModel") -> EngineSpec:
    """The spec of a loaded model."""
    model = loaded.model
    crf = {}
    for name, head in model.heads.items():
        if getattr(head, "is_crf", False):
            crf[name] = CrfScores(transitions=head.transitions.tolist(), starts=head.starts.tolist())  # type: ignore[operator]
    return EngineSpec(
        backbone=loaded.backbone.name,
        dimension=model.encoder.dimension,
        normalize=model.encoder.normalize,
        window=loaded.tokenizer.config,
        tasks={name: TaskRecord.of(task) for name, task in model.tasks.items()},
        crf=crf,
        recipe=dict(loaded.config.recipe) if loaded.config else {},
        dense=model.encoder.dense,
    )
