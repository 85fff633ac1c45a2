"""All texts of a run, tokenised once: what trains, what is evaluated, and the sample that shows drift. Immutable."""

from collections.abc import Mapping
from dataclasses import dataclass

from mtl.checkpoint import LoadedModel
from mtl.data import Example, TaskData
from mtl.evaluation import request_of
from mtl.task import TaskInfo
from mtl.text.tokenized import TokenizedTexts
from mtl.training.drift import DriftSample, draw_sample, sample_texts
from mtl.training.train_set import TrainSet, train_set


@dataclass(frozen=True)
class DevSet:
    """Labelled examples of one task and their texts; a pair has its two texts one after the other."""

    task: TaskInfo
    examples: tuple[Example, ...]
    texts: TokenizedTexts


@dataclass(frozen=True)
class TrainingData:
    """The train set of each task that trains, the dev set of each task that has one, and the drift sample."""

    train: Mapping[str, TrainSet]
    dev: Mapping[str, DevSet]
    sample: DriftSample


def tokenize(
    data: Mapping[str, TaskData], trained: tuple[str, ...], loaded: LoadedModel, untouched: LoadedModel
) -> TrainingData:
    """Tokenise everything.

    Args:
        data: of every task of the recipe.
        trained: the tasks that train.
        loaded: the model at step 0.
        untouched: its backbone before any training, from which drift counts.
    """
    tasks = loaded.model.tasks
    return TrainingData(
        {name: train_set(tasks[name], data[name].train, loaded.tokenizer) for name in trained},
        {name: _dev_set(tasks[name], task.dev, loaded) for name, task in data.items() if task.dev},
        draw_sample(untouched, loaded.tokenizer.store(sample_texts(data))),
    )


def _dev_set(task: TaskInfo, examples: tuple[Example, ...], loaded: LoadedModel) -> DevSet:
    request = request_of(task, examples)
    return DevSet(task, examples, loaded.tokenizer.store(request.texts, request.words))
