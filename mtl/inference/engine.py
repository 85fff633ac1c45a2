"""A checkpoint loaded for use: embeddings, classes and entities from one pass."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, overload

import numpy as np
from numpy.typing import NDArray

from mtl.decoding import Entity, ModelOutput, Request, chosen, entities_of
from mtl.errors import CheckpointError, DataError, InputError, StorageError
from mtl.evaluation import Evaluation, embedding_task, evaluate, evaluate_with_curves
from mtl.inference.analysis import Analysis
from mtl.inference.backends.interface import Backend
from mtl.inference.batcher import DynamicBatcher
from mtl.inference.loading import EngineParts, Prepare, open_loaded, open_model
from mtl.inference.runner import Runner
from mtl.inference.source import STARTER, find_model, load_model
from mtl.outside import OutsideScorer
from mtl.recipe.choices import WordSplitting
from mtl.recipe.tasks import TaskConfig
from mtl.task import TaskInfo
from mtl.text import SplitWords, clean
from mtl.text.subwords import Subword
from mtl.text.windows import WindowTokenizer

if TYPE_CHECKING:
    from mtl.checkpoint.sample import Sample
    from mtl.checkpoint.store import LoadedModel
    from mtl.data import Example, ScoredPair


class Engine:
    """Inference with every head of a model; make one with `Engine.load`. Safe to share between threads.

    Requests that arrive at the same time are run together.
    """

    def __init__(self, parts: EngineParts, *, name: str) -> None:
        self._parts = parts
        runner = Runner(parts.spec, parts.tokenizer, parts.backend, batch_tokens=parts.choice.batch_tokens)
        self._run = DynamicBatcher(runner, run_long=runner.run_giving_way)
        self._outside = OutsideScorer(parts.outside)
        self.name = name
        self.tasks: Mapping[str, TaskInfo] = parts.spec.task_infos()
        self._splitting = parts.spec.splitting
        self.backbone = parts.spec.backbone
        self.dimension = parts.spec.embedding_dimension
        self.hidden_size = parts.spec.dimension
        """H of a hidden state and of the pooled vector, from which the embedding is made."""
        self.max_length = parts.spec.window.max_length
        self.choice = parts.choice
        """The backend and precision that the model runs with, and what was measured to choose them."""
        self.fingerprint = parts.fingerprint
        """A hash of the model's files; empty for a model in memory."""
        self.memory_bytes = parts.backend.memory_bytes
        """What the weights take."""

    @classmethod
    def load(
        cls,
        name: str | Path = STARTER,
        *,
        precision: str = "auto",
        backend: str = "auto",
        long_texts: str | None = None,
        prepare: Prepare | None = None,
    ) -> "Engine":
        """Load a model; where torch is not in memory and OpenVINO may run it, it is prepared in another process first.

        Args:
            name: `starter`, a checkpoint folder, a Hub id of one, or a bare backbone (an engine without tasks).
            precision: `fp32`, `bf16`, `mixed`, `int8` (`mtl.inference.backends`), or `auto`: what was fastest on this
                machine among what answers as fp32 does.
            backend: `torch`, `openvino`, or `auto` for the faster one.
            long_texts: `windows` reads a text that is longer than the backbone's maximum in overlapping windows, `cut`
                cuts it as sentence-transformers does; by default as the model was trained, else `windows`.
            prepare: has a model that was not prepared yet (see `mtl prepare`) prepared in another process; by default
                in a new one.

        Raises:
            CheckpointError, BackboneError: nothing that can be loaded has this name.
            BackendError: the backend that was asked for cannot run this model.
            InputError: an option is unknown.
        """
        parts = open_model(str(name), precision=precision, backend=backend, long_texts=long_texts, prepare=prepare)
        return cls(parts, name=str(name))

    @classmethod
    def of(cls, loaded: "LoadedModel", *, name: str, long_texts: str | None = None) -> "Engine":
        """An engine of a model in memory, in float32 by torch."""
        return cls(open_loaded(loaded, long_texts=long_texts), name=name)

    @overload
    def encode(self, sentences: str, *, normalize_embeddings: bool = False) -> NDArray[np.float32]: ...
    @overload
    def encode(self, sentences: Sequence[str], *, normalize_embeddings: bool = False) -> NDArray[np.float32]: ...
    def encode(self, sentences: str | Sequence[str], *, normalize_embeddings: bool = False) -> NDArray[np.float32]:
        """Sentence embeddings, as `SentenceTransformer.encode` gives them.

        Returns:
            `(N, H)` float32, or `(H,)` for a single string.

        Raises:
            InputError: a sentence is no string.
        """
        if isinstance(sentences, str):
            row: NDArray[np.float32] = self.encode([sentences], normalize_embeddings=normalize_embeddings)[0]
            return row
        embeddings = self._run(Request(_cleaned(sentences))).embeddings
        if normalize_embeddings:
            embeddings = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True).clip(min=1e-12)
        return embeddings

    def classify(self, sentences: Sequence[str]) -> list[dict[str, dict[str, float]]]:
        """For each sentence and classification task the probability of every label.

        They add up to 1, but for a multi-label task; `analyze` gives the labels that are chosen.

        Raises:
            InputError: a sentence is no string.
        """
        return self._classes(self._run(Request(_cleaned(sentences))))

    def tag(self, sentences: Sequence[str]) -> list[dict[str, list[Entity]]]:
        """For each sentence and tagging task the entities, disjoint and in order.

        Raises:
            InputError: a sentence is no string.
        """
        request = self._worded(_cleaned(sentences))
        return self._entities(request, self._run(request))

    def analyze(self, sentences: Sequence[str], *, entities: bool = True) -> list[Analysis]:
        """Embedding, classes and entities of each sentence, and whether it is unlike the training texts, from one pass.

        Args:
            sentences: the texts.
            entities: whether they are wanted; without them the words of the texts are not located.

        Raises:
            InputError: a sentence is no string.
        """
        cleaned = _cleaned(sentences)
        request = self._worded(cleaned) if entities else Request(cleaned)
        found = self._run(request)
        classes, labels, spans = self._classes(found), self._labels(found), self._entities(request, found)
        outside, tokens, windows = self._outside(found.embeddings), found.tokens.tolist(), found.windows.tolist()
        return [
            Analysis(
                text,
                found.embeddings[i],
                classes[i],
                spans[i],
                tokens[i],
                found.cut_at.get(i),
                windows[i],
                labels[i],
                outside[i],
            )
            for i, text in enumerate(request.texts)
        ]

    @property
    def knows_outside(self) -> tuple[str, ...]:
        """The tasks of which the model tells whether a text is unlike the training texts."""
        return self._outside.tasks

    @property
    def waiting(self) -> int:
        """Requests of other threads that wait for the next batch."""
        return self._run.waiting

    def on_batch(self, tell: Callable[[int], None]) -> None:
        """Call a function with the number of texts before each batch of requests runs."""
        self._run.on_batch = tell

    def subwords(self, sentence: str) -> tuple[Subword, ...]:
        """The tokens of a sentence as the backbone sees them, special ones included; no pass is made.

        Raises:
            InputError: the sentence is no string.
        """
        return self._parts.tokenizer.subwords(*_cleaned([sentence]))

    def count_tokens(self, sentences: Sequence[str]) -> int:
        """The tokens that the backbone would read of sentences, all of its windows counted; no pass is made.

        Raises:
            InputError: a sentence is no string.
        """
        return self._parts.tokenizer.count(_cleaned(sentences))

    def evaluate(self, task: str, examples: "Sequence[Example]") -> dict[str, float]:
        """Every metric of a task on labelled examples (see `mtl.evaluation.evaluate`).

        Raises:
            DataError: the examples are of another kind than the task.
            InputError: there is no such task.
        """
        return self.evaluate_with_curves(task, examples).metrics

    def evaluate_with_curves(self, task: str, examples: "Sequence[Example]") -> Evaluation:
        """As `evaluate`, with the reliability diagram and the risk-coverage curve of the task, if it has probabilities.

        Raises:
            DataError, InputError: as `evaluate`.
        """
        if task not in self.tasks:
            raise InputError(f"a task of {', '.join(self.tasks) or 'none'} was expected, was {task!r}")
        return evaluate_with_curves(self.tasks[task], examples, self._run)

    def evaluate_embedding(self, pairs: "Sequence[ScoredPair]") -> dict[str, float]:
        """How well cosines follow the scores of pairs: `spearman_cosine` and `pearson_cosine`, -1 to 1.

        Where all scores are 0 or 1, `accuracy@1`, `mrr` and `average_precision` too, as of a task with
        `loss: multiple_negatives`.

        Raises:
            DataError: there are no pairs, or other examples among them.
        """
        return evaluate(embedding_task(pairs), pairs, self._run)

    @property
    def tokenizer(self) -> WindowTokenizer:
        """What splits texts into the windows that the backbone reads."""
        return self._parts.tokenizer

    @property
    def splitting(self) -> WordSplitting:
        """How a raw text is split into words."""
        return self._splitting

    @property
    def backend(self) -> Backend:
        """What runs the backbone and the heads."""
        return self._parts.backend

    def loaded_model(self) -> "LoadedModel":
        """The model with its weights in torch, loaded from its files unless the engine is one of a model in memory.

        Raises:
            CheckpointError, BackboneError: its files are damaged or gone, or others than when the engine was loaded.
        """
        if self._parts.loaded is not None:
            return self._parts.loaded
        source = find_model(self.name)
        if source.fingerprint() != self.fingerprint:
            raise CheckpointError("its files have changed since it was loaded; load it again", path=source.folder)
        return load_model(source)

    def _measured_on(self, loaded: "LoadedModel") -> "tuple[Sample, Mapping[str, float]]":
        """The evaluation sample and the figures of its checkpoint; a model in memory has none."""
        from mtl.checkpoint.sample import read_sample

        if self.is_in_memory or loaded.folder is None or loaded.config is None:
            return {}, {}
        try:
            return read_sample(loaded.folder, self.tasks), loaded.config.metrics
        except DataError:  # a damaged sample measures nothing
            return {}, loaded.config.metrics

    @property
    def is_in_memory(self) -> bool:
        """Whether the model has no files that it was loaded from."""
        return self._parts.loaded is not None

    def save(self, folder: str | Path) -> Path:
        """Write the model as a checkpoint; a folder that was there is replaced only when the new one is complete.

        Returns:
            The folder.

        Raises:
            CheckpointError, BackboneError: the model's files are damaged or gone.
            InputError: the folder is a file, a link, or has other things in it than a checkpoint.
            StorageError: it cannot be written; what was there stays.
        """
        from mtl.checkpoint.store import Snapshot, need_place, save

        loaded, folder = self.loaded_model(), Path(folder)
        if not self.is_in_memory:
            loaded.model.requires_grad_(False)  # only what training changed is stored
        config = loaded.config
        recipe = {**(config.recipe if config else {}), "words": self._parts.spec.recipe.get("words", self._splitting)}
        sample, metrics = self._measured_on(loaded)
        need_place(folder)
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            save(loaded, folder, Snapshot(config.step if config else 0, metrics, recipe, sample=sample))
        except OSError as error:
            raise StorageError(f"a place that can be written was expected: {error.strerror}", path=folder) from error
        return folder

    def task_config(self, task: str) -> TaskConfig:
        """How the task's data files are to be read, as its training did."""
        spec = self._parts.spec
        return spec.tasks[task].task_config(task, spec.recipe)

    def _worded(self, texts: list[str]) -> Request:
        if self._parts.spec.has_pipeline_words:
            return Request(texts, [self._parts.tokenizer.pipeline_words(text) for text in texts])
        return Request(texts, SplitWords(texts, self._splitting))

    def _classes(self, found: ModelOutput) -> list[dict[str, dict[str, float]]]:
        result: list[dict[str, dict[str, float]]] = [{} for _ in found.embeddings]
        for name, rows in found.classes.items():
            labels = self.tasks[name].labels
            for one, values in zip(result, rows.tolist(), strict=True):
                one[name] = dict(zip(labels, values, strict=True))
        return result

    def _labels(self, found: ModelOutput) -> list[dict[str, tuple[str, ...]]]:
        result: list[dict[str, tuple[str, ...]]] = [{} for _ in found.embeddings]
        for name, rows in found.classes.items():
            task = self.tasks[name]
            if task.multi_label:
                reached = chosen(rows, task.thresholds)
                sets = [tuple(task.labels[i] for i in np.flatnonzero(row)) for row in reached]
            else:
                sets = [(task.labels[best],) for best in rows.argmax(axis=1)]
            for one, labels in zip(result, sets, strict=True):
                one[name] = labels
        return result

    def _entities(self, request: Request, found: ModelOutput) -> list[dict[str, list[Entity]]]:
        result: list[dict[str, list[Entity]]] = [{} for _ in found.embeddings]
        if request.words is None:
            return result
        for name, rows in found.tags.items():
            tags = self.tasks[name].tags.tags
            for one, text, words, decoded in zip(result, request.texts, request.words, rows, strict=True):
                one[name] = entities_of(text, words, decoded, tags)
        return result


def _cleaned(sentences: Sequence[str]) -> list[str]:
    if isinstance(sentences, str):
        raise InputError("a list of sentences was expected, was a single string")
    for i, sentence in enumerate(sentences):
        if not isinstance(sentence, str):
            raise InputError(f"sentence {i} is a string, was {type(sentence).__name__}")
    return [clean(sentence) for sentence in sentences]
