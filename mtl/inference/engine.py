"""A checkpoint loaded for use: embeddings, classes and entities from one pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import overload

import numpy as np
import torch
from numpy.typing import NDArray

from mtl.checkpoint import LoadedModel, build, is_checkpoint, load
from mtl.data import Example
from mtl.device import best_device
from mtl.encoder import TokenizedText, find_backbone, load_backbone
from mtl.errors import CheckpointError, InputError
from mtl.evaluation import evaluate, prepare
from mtl.heads import ClassificationHead, TaggingHead
from mtl.inference.analysis import Analysis, Entity
from mtl.inference.subwords import Subword
from mtl.labels import spans_of
from mtl.model import TaskInfo
from mtl.prediction import ForwardBatch, forward
from mtl.recipe.choices import TaskKind
from mtl.recipe.schema import TaskConfig
from mtl.text import Span, clean, split_words

STARTER = "starter"
_STARTER_FOLDER = Path(__file__).resolve().parents[2] / "examples" / STARTER


class Engine:
    """Inference with every head of a model; make one with `Engine.load`. Safe to share between threads."""

    def __init__(self, loaded: LoadedModel, *, name: str) -> None:
        self._loaded = loaded
        self._model = loaded.model
        self._lock = Lock()
        self.name = name
        self.tasks: Mapping[str, TaskInfo] = dict(loaded.model.tasks)
        self.backbone = loaded.backbone.name
        self.dimension = loaded.model.encoder.dimension
        self.max_length = loaded.tokenizer.max_length

    @classmethod
    def load(cls, name: str | Path = STARTER, *, precision: str = "auto") -> "Engine":
        """Load a model.

        Args:
            name: `starter`, a checkpoint folder, a Hub id of one, or a bare backbone (an engine without tasks).
            precision: `auto` or `fp32`.

        Raises:
            CheckpointError, BackboneError: nothing that can be loaded has this name.
            InputError: the precision is unknown.
        """
        if precision not in {"auto", "fp32"}:
            raise InputError(f"a precision auto or fp32 was expected, was {precision!r}")
        loaded = _load(str(name))
        loaded.model.to(best_device())
        return cls(loaded, name=str(name))

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
        embeddings = self._run(sentences, kinds=()).embeddings
        if normalize_embeddings:
            embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True).clip(min=1e-12)
        return embeddings

    def classify(self, sentences: Sequence[str]) -> list[dict[str, dict[str, float]]]:
        """For each sentence and classification task the probability of every label.

        Raises:
            InputError: a sentence is no string.
        """
        return self._run(sentences, kinds=(TaskKind.CLASSIFICATION,)).classes

    def tag(self, sentences: Sequence[str]) -> list[dict[str, list[Entity]]]:
        """For each sentence and tagging task the entities, disjoint and in order.

        Raises:
            InputError: a sentence is no string.
        """
        return self._run(sentences, kinds=(TaskKind.TAGGING,)).entities

    def analyze(self, sentences: Sequence[str]) -> list[Analysis]:
        """Embedding, classes and entities of each sentence from one pass of the backbone.

        Raises:
            InputError: a sentence is no string.
        """
        found = self._run(sentences, kinds=(TaskKind.CLASSIFICATION, TaskKind.TAGGING))
        return [
            Analysis(text, found.embeddings[i], found.classes[i], found.entities[i], len(tokens), tokens.cut_at)
            for i, (text, tokens) in enumerate(zip(found.texts, found.tokens, strict=True))
        ]

    def subwords(self, sentence: str) -> tuple[Subword, ...]:
        """The tokens of a sentence as the backbone sees them, special ones included; no pass is made.

        Raises:
            InputError: the sentence is no string.
        """
        texts = [clean(text) for text in _checked([sentence])]
        with self._lock:
            read = self._loaded.tokenizer(texts)[0]
            pieces = self._loaded.tokenizer.backend.convert_ids_to_tokens(list(read.ids))
        return tuple(Subword(piece, *offsets) for piece, offsets in zip(pieces, read.offsets, strict=True))

    def evaluate(self, task: str, examples: Sequence[Example]) -> dict[str, float]:
        """Every metric of a task on labelled examples (see `mtl.evaluation.evaluate`).

        Raises:
            DataError: the examples are of another kind than the task.
            InputError: there is no such task.
        """
        if task not in self.tasks:
            raise InputError(f"a task of {', '.join(self.tasks) or 'none'} was expected, was {task!r}")
        with self._lock:
            dataset = prepare(self.tasks[task], examples, self._loaded.tokenizer)
        return evaluate(self._model, self._loaded.tokenizer, task, dataset)

    def task_config(self, task: str) -> TaskConfig:
        """How the task's data files are to be read, as its training did."""
        recipe = self._loaded.config.recipe if self._loaded.config else {}
        trained = recipe.get("tasks", {}).get(task, {})
        kept = {key: trained[key] for key in ("map_labels", "score_range") if key in trained}
        return TaskConfig(kind=self.tasks[task].kind, **kept)

    @torch.inference_mode()
    def _run(self, sentences: Sequence[str], *, kinds: tuple[TaskKind, ...]) -> "_Findings":
        texts = [clean(text) for text in _checked(sentences)]
        words = [split_words(text) for text in texts] if TaskKind.TAGGING in kinds else [()] * len(texts)
        with self._lock:  # tokenizers keep their truncation settings in shared state
            tokens = self._loaded.tokenizer(texts)
        if TaskKind.TAGGING in kinds:
            tokens = [t.with_words(w) for t, w in zip(tokens, words, strict=True)]
        findings = _Findings.empty(texts, tokens, self.dimension)
        for batch in forward(self._model, self._loaded.tokenizer, tokens):
            findings.embeddings[batch.rows] = batch.encoded.embedding.float().cpu().numpy()
            for name, task in self.tasks.items():
                if task.kind in kinds and task.kind is TaskKind.CLASSIFICATION:
                    self._classify(batch, task, findings)
                elif task.kind in kinds and task.kind is TaskKind.TAGGING:
                    self._tag(batch, name, words, findings)
        return findings

    def _classify(self, batch: ForwardBatch, task: TaskInfo, findings: "_Findings") -> None:
        head = self._model.heads[task.name]
        assert isinstance(head, ClassificationHead)
        probabilities = head.probabilities(head(batch.encoded.pooled)).tolist()
        for row, values in zip(batch.rows, probabilities, strict=True):
            findings.classes[row][task.name] = dict(zip(task.labels, values, strict=True))

    def _tag(self, batch: ForwardBatch, name: str, words: Sequence[tuple[Span, ...]], findings: "_Findings") -> None:
        head = self._model.heads[name]
        assert isinstance(head, TaggingHead)
        emissions = head(head.reads(batch.encoded), batch.tokens.first_tokens)
        mask = batch.tokens.word_mask
        decoded = head.decode(emissions, mask)
        scores = head.probabilities(emissions, mask).gather(2, decoded.unsqueeze(-1)).squeeze(-1)
        tags = self.tasks[name].tags.tags
        for row, classes, probabilities in zip(batch.rows, decoded.tolist(), scores.tolist(), strict=True):
            spans = spans_of([tags[c] for c in classes[: len(words[row])]])
            findings.entities[row][name] = [
                _entity(findings.texts[row], words[row][s.start : s.end], s.label, probabilities[s.start : s.end])
                for s in spans
            ]


@dataclass(frozen=True)
class _Findings:
    texts: list[str]
    tokens: list[TokenizedText]
    embeddings: NDArray[np.float32]
    classes: list[dict[str, dict[str, float]]]
    entities: list[dict[str, list[Entity]]]

    @staticmethod
    def empty(texts: list[str], tokens: list[TokenizedText], dimension: int) -> "_Findings":
        embeddings = np.zeros((len(texts), dimension), dtype=np.float32)
        return _Findings(texts, tokens, embeddings, [{} for _ in texts], [{} for _ in texts])


def _entity(text: str, words: Sequence[Span], label: str, probabilities: Sequence[float]) -> Entity:
    start, end = words[0].start, words[-1].end
    score = sum(probabilities) / len(probabilities)
    return Entity(entity_group=label, score=score, word=text[start:end], start=start, end=end)


def _checked(sentences: Sequence[str]) -> Sequence[str]:
    if isinstance(sentences, str):
        raise InputError("a list of sentences was expected, was a single string")
    for i, sentence in enumerate(sentences):
        if not isinstance(sentence, str):
            raise InputError(f"sentence {i} is a string, was {type(sentence).__name__}")
    return sentences


def _load(name: str) -> LoadedModel:
    if name == STARTER:
        if not is_checkpoint(_STARTER_FOLDER):
            raise CheckpointError(f"the starter was expected in {_STARTER_FOLDER}, it is not there")
        return load(_STARTER_FOLDER)
    folder = Path(name).expanduser()
    if folder.is_dir():
        return load(folder) if is_checkpoint(folder) else build(load_backbone(str(folder)), {})
    source = find_backbone(name)
    return load(source.folder) if is_checkpoint(source.folder) else build(load_backbone(name), {})
