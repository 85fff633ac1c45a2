"""What the heads of a static export learn from: the training data of the run where it is there, else the model."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from model2vec import StaticModel

from mtl.checkpoint.sample import drawn, read_sample
from mtl.checkpoint.store import LoadedModel
from mtl.data import Example, labels_of, read_task, texts_of
from mtl.decoding import Request
from mtl.errors import MtlError
from mtl.exports.static.distilling import Vocabulary
from mtl.exports.static.heads import Taught
from mtl.inference.autotune.probe_texts import TEXTS
from mtl.inference.backends import DEFAULT_BATCH_TOKENS
from mtl.inference.backends.pytorch import TorchBackend
from mtl.inference.runner import Runner
from mtl.inference.spec import spec_of
from mtl.metrics.neighbours import unit_length
from mtl.recipe import load
from mtl.recipe.choices import TaskKind
from mtl.runs.folder import RunFolder

_MOST_EXAMPLES = 50_000  # of a task
_MOST_TOKENS = 8_000  # of the vocabulary
_TEXT_WEIGHT = 10.0  # of a text beside a token


def train_examples(checkpoint: Path | None) -> Mapping[str, Sequence[Example]]:
    """The train data of classification tasks of the run that a checkpoint lies in; none where run or files are gone."""
    if checkpoint is None:
        return {}
    try:
        recipe = RunFolder(checkpoint.parent).recipe
        tasks = load(recipe).tasks if recipe.is_file() else {}
        return {name: read_task(name, one).train for name, one in tasks.items() if one.kind is TaskKind.CLASSIFICATION}
    except MtlError:
        return {}


def by_examples(examples: Sequence[Example], labels: Sequence[str], model: StaticModel) -> Taught:
    """The labels of examples; one that the head lacks counts nothing."""
    some = drawn(examples, _MOST_EXAMPLES)
    sets = [set(labels_of([one])) for one in some]
    targets = np.array([[label in own for label in labels] for own in sets], dtype=np.float32)
    return Taught(
        model.encode([text for one in some for text in texts_of(one)]), targets, np.ones(len(some), np.float32)
    )


class Teacher:
    """Answers of a model for what is there without data: tokens of the vocabulary, and a few sentences."""

    def __init__(self, loaded: LoadedModel, vocabulary: Vocabulary, model: StaticModel) -> None:
        texts = list(TEXTS)
        for examples in (read_sample(loaded.folder, loaded.model.tasks) if loaded.folder else {}).values():
            texts += [text for one in examples for text in texts_of(one)]
        spec = spec_of(loaded)
        run = Runner(spec, loaded.tokenizer, TorchBackend(loaded.model), batch_tokens=DEFAULT_BATCH_TOKENS)
        self._of_texts = run(Request(texts)).classes
        self._of_tokens = vocabulary.probabilities
        self._rows = np.linspace(0, len(vocabulary.ids) - 1, min(_MOST_TOKENS, len(vocabulary.ids))).astype(np.int64)
        tokens = unit_length(np.asarray(model.embedding, dtype=np.float32)[vocabulary.ids[self._rows]])
        self._vectors = np.concatenate([tokens, model.encode(texts)])
        counts = (len(tokens), len(texts))
        self._weights = np.repeat(np.array([1, _TEXT_WEIGHT], dtype=np.float32), counts)

    def __call__(self, task: str) -> Taught:
        """What a task's head learns."""
        targets = np.concatenate([self._of_tokens[task][self._rows], self._of_texts[task]])
        return Taught(self._vectors, targets, self._weights)
