"""A model measured on examples of one task."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from mtl.data import Example, LabelledText, ScoredPair, TaggedText
from mtl.encoder import TokenizedText, Tokenizer
from mtl.errors import DataError
from mtl.heads import ClassificationHead, TaggingHead
from mtl.metrics import classification_metrics, similarity_metrics, tagging_metrics
from mtl.model import MultiTaskModel, TaskInfo
from mtl.prediction import embed, forward
from mtl.recipe.choices import TaskKind

MAIN_METRIC = {TaskKind.CLASSIFICATION: "accuracy", TaskKind.TAGGING: "f1", TaskKind.SIMILARITY: "spearman_cosine"}

_METRICS = {
    TaskKind.CLASSIFICATION: ("accuracy", "macro_f1", "precision/", "recall/", "f1/"),
    TaskKind.TAGGING: ("f1", "precision", "recall", "token_accuracy", "precision/", "recall/", "f1/"),
    TaskKind.SIMILARITY: ("spearman_cosine", "pearson_cosine"),
}


def is_metric(kind: TaskKind, name: str) -> bool:
    """Whether tasks of this kind are measured by a metric of this name; `f1/<label>` and the like count."""
    family, slash, label = name.partition("/")
    return f"{family}/" in _METRICS[kind] and bool(label) if slash else name in _METRICS[kind]


@dataclass(frozen=True)
class EvaluationSet:
    """Labelled examples of one task and their tokens, so that many evaluations tokenise once.

    For tagging the tokens carry the words as given; a pair has its two texts one after the other.
    """

    labelled: tuple[LabelledText, ...]
    tagged: tuple[TaggedText, ...]
    pairs: tuple[ScoredPair, ...]
    texts: tuple[TokenizedText, ...]

    def with_texts(self, texts: Sequence[TokenizedText]) -> "EvaluationSet":
        """The same set with other tokens of the same texts, such as ones that bring their states."""
        return replace(self, texts=tuple(texts))


def prepare(task: TaskInfo, examples: Sequence[Example], tokenizer: Tokenizer) -> EvaluationSet:
    """Tokenise examples for evaluation.

    Raises:
        DataError: the examples are of another kind than the task, or there are none.
    """
    labelled = tuple(e for e in examples if isinstance(e, LabelledText))
    tagged = tuple(e for e in examples if isinstance(e, TaggedText))
    pairs = tuple(e for e in examples if isinstance(e, ScoredPair))
    fitting = {TaskKind.CLASSIFICATION: len(labelled), TaskKind.TAGGING: len(tagged), TaskKind.SIMILARITY: len(pairs)}
    if fitting[task.kind] != len(examples) or not examples:
        raise DataError(f"{task.name} is a {task.kind} task and needs examples of that kind")
    match task.kind:
        case TaskKind.CLASSIFICATION:
            texts = tokenizer([e.text for e in labelled])
        case TaskKind.TAGGING:
            tokens = tokenizer([e.text for e in tagged])
            texts = [t.with_words(e.worded.words) for t, e in zip(tokens, tagged, strict=True)]
        case TaskKind.SIMILARITY:
            texts = tokenizer([text for pair in pairs for text in (pair.sentence1, pair.sentence2)])
    return EvaluationSet(labelled, tagged, pairs, tuple(texts))


def evaluate(model: MultiTaskModel, tokenizer: Tokenizer, task: str, dataset: EvaluationSet) -> dict[str, float]:
    """Every metric of a task, by name without prefix; tagging is scored on the words as given.

    The model is left in eval mode. Words that did not fit into the maximum length count as `O`.
    """
    model.eval()
    match model.tasks[task].kind:
        case TaskKind.CLASSIFICATION:
            predicted = _classify(model, tokenizer, task, dataset.texts)
            return classification_metrics([e.label for e in dataset.labelled], predicted)
        case TaskKind.TAGGING:
            return tagging_metrics([e.tags for e in dataset.tagged], _tag(model, tokenizer, task, dataset))
        case TaskKind.SIMILARITY:
            cosines = _cosines(model, tokenizer, dataset.texts)
            return similarity_metrics([p.score for p in dataset.pairs], cosines)


@torch.inference_mode()
def _classify(model: MultiTaskModel, tokenizer: Tokenizer, task: str, texts: Sequence[TokenizedText]) -> list[str]:
    head = model.heads[task]
    assert isinstance(head, ClassificationHead)
    result = [""] * len(texts)
    for batch in forward(model, tokenizer, texts):
        for row, best in zip(batch.rows, head(batch.encoded.pooled).argmax(-1).tolist(), strict=True):
            result[row] = model.tasks[task].labels[best]
    return result


@torch.inference_mode()
def _tag(model: MultiTaskModel, tokenizer: Tokenizer, task: str, dataset: EvaluationSet) -> list[tuple[str, ...]]:
    head = model.heads[task]
    assert isinstance(head, TaggingHead)
    tags = model.tasks[task].tags.tags
    result: list[tuple[str, ...]] = [()] * len(dataset.texts)
    for batch in forward(model, tokenizer, dataset.texts):
        emissions = head(head.reads(batch.encoded), batch.tokens.first_tokens)
        decoded = head.decode(emissions, batch.tokens.word_mask)
        for row, classes in zip(batch.rows, decoded.tolist(), strict=True):
            words = len(dataset.tagged[row].tags)
            result[row] = tuple(tags[c] for c in classes[:words])
    return result


@torch.inference_mode()
def _cosines(model: MultiTaskModel, tokenizer: Tokenizer, texts: Sequence[TokenizedText]) -> list[float]:
    embeddings = embed(model, tokenizer, texts)
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True).clip(min=1e-12)
    return [float(c) for c in (embeddings[0::2] * embeddings[1::2]).sum(axis=1)]
