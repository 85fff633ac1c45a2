"""All texts of a run, tokenised once: what trains, what is evaluated, and the sample that shows drift. Immutable."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mtl.checkpoint.store import LoadedModel
from mtl.data import Example, TaskData, texts_of
from mtl.data.keys import hashes
from mtl.evaluation import request_of
from mtl.recipe.schema import Recipe
from mtl.task import TaskInfo
from mtl.text.tokenized import TokenizedTexts
from mtl.training.drift import DriftSample, draw_sample, sample_texts
from mtl.training.train_set import TrainSet, train_sets


@dataclass(frozen=True)
class DevSet:
    """Labelled examples of one task and their texts; a pair has its two texts one after the other.

    `unseen` `(N,)` says of each example that its text is none of the task's train data.
    """

    task: TaskInfo
    examples: Sequence[Example]
    texts: TokenizedTexts
    unseen: NDArray[np.bool_]


@dataclass(frozen=True)
class TrainingData:
    """The train sets of the tasks that train, the dev set of each task that has one, and the drift sample."""

    train: Mapping[str, TrainSet]
    dev: Mapping[str, DevSet]
    sample: DriftSample

    @property
    def trained_tasks(self) -> list[str]:
        """The names of the tasks that train."""
        return [name for examples in self.train.values() for name in examples.tasks]


def tokenize(
    data: Mapping[str, TaskData],
    trained: Mapping[str, TaskInfo],
    models: tuple[LoadedModel, LoadedModel],
    *,
    recipe: Recipe,
) -> TrainingData:
    """Tokenise everything.

    Args:
        data: of every task of the recipe.
        trained: the tasks that train.
        models: the model at step 0, and its backbone before any training, from which drift counts.
        recipe: of the run.
    """
    loaded, untouched = models
    tasks = loaded.model.tasks
    return TrainingData(
        train_sets(
            trained,
            {name: data[name].train for name in trained},
            loaded.tokenizer,
            joint=recipe.sampling.joint,
            words=recipe.words,
        ),
        {name: _dev_set(tasks[name], task, loaded) for name, task in data.items() if task.dev},
        draw_sample(untouched, loaded.tokenizer, sample_texts(data)),
    )


def _dev_set(task: TaskInfo, data: TaskData, loaded: LoadedModel) -> DevSet:
    request = request_of(task, data.dev)
    dev, train = (hashes(map(texts_of, examples)) for examples in (data.dev, data.train))
    return DevSet(task, data.dev, loaded.tokenizer.store(request.texts, request.words), ~np.isin(dev, train))
