"""A model measured on examples of one task."""

from collections.abc import Sequence

import numpy as np
import torch

from mtl.data import Example, LabelledText, ScoredPair, TaggedText
from mtl.encoder import Tokenizer
from mtl.errors import DataError
from mtl.heads import ClassificationHead, TaggingHead
from mtl.metrics import classification_metrics, similarity_metrics, tagging_metrics
from mtl.model import MultiTaskModel
from mtl.prediction import forward
from mtl.recipe.schema import TaskKind

MAIN_METRIC = {TaskKind.CLASSIFICATION: "accuracy", TaskKind.TAGGING: "f1", TaskKind.SIMILARITY: "spearman_cosine"}


def evaluate(model: MultiTaskModel, tokenizer: Tokenizer, task: str, examples: Sequence[Example]) -> dict[str, float]:
    """Every metric of a task, by name without prefix; tagging is scored on the words as given.

    The model is left in eval mode. Words that did not fit into the maximum length count as `O`.

    Raises:
        DataError: the examples are of another kind than the task.
    """
    model.eval()
    kind = model.tasks[task].kind
    labelled = [e for e in examples if isinstance(e, LabelledText)]
    tagged = [e for e in examples if isinstance(e, TaggedText)]
    pairs = [e for e in examples if isinstance(e, ScoredPair)]
    fitting = {TaskKind.CLASSIFICATION: len(labelled), TaskKind.TAGGING: len(tagged), TaskKind.SIMILARITY: len(pairs)}
    if fitting[kind] != len(examples) or not examples:
        raise DataError(f"{task} is a {kind} task and needs examples of that kind")
    match kind:
        case TaskKind.CLASSIFICATION:
            return classification_metrics(
                [e.label for e in labelled], classify(model, tokenizer, task, [e.text for e in labelled])
            )
        case TaskKind.TAGGING:
            return tagging_metrics([e.tags for e in tagged], tag_words(model, tokenizer, task, tagged))
        case TaskKind.SIMILARITY:
            return similarity_metrics([p.score for p in pairs], cosines(model, tokenizer, pairs))


@torch.inference_mode()
def classify(model: MultiTaskModel, tokenizer: Tokenizer, task: str, texts: Sequence[str]) -> list[str]:
    """The most probable label of each text."""
    head = model.heads[task]
    assert isinstance(head, ClassificationHead)
    result = [""] * len(texts)
    for batch in forward(model, tokenizer, tokenizer(texts)):
        for row, best in zip(batch.rows, head(batch.encoded.pooled).argmax(-1).tolist(), strict=True):
            result[row] = model.tasks[task].labels[best]
    return result


@torch.inference_mode()
def tag_words(
    model: MultiTaskModel, tokenizer: Tokenizer, task: str, examples: Sequence[TaggedText]
) -> list[tuple[str, ...]]:
    """The BIO2 tags of the words as given."""
    head = model.heads[task]
    assert isinstance(head, TaggingHead)
    tags = model.tasks[task].tags.tags
    texts = tokenizer([e.text for e in examples])
    texts = [text.with_words(e.worded.words) for text, e in zip(texts, examples, strict=True)]
    result: list[tuple[str, ...]] = [()] * len(texts)
    for batch in forward(model, tokenizer, texts):
        emissions = head(batch.encoded.hidden, batch.tokens.first_tokens)
        decoded = head.decode(emissions, batch.tokens.word_mask)
        for row, classes in zip(batch.rows, decoded.tolist(), strict=True):
            words = len(examples[row].tags)
            result[row] = tuple(tags[c] for c in classes[:words])
    return result


@torch.inference_mode()
def cosines(model: MultiTaskModel, tokenizer: Tokenizer, pairs: Sequence[ScoredPair]) -> list[float]:
    """The cosine of the two embeddings of each pair."""
    texts = [text for pair in pairs for text in (pair.sentence1, pair.sentence2)]
    embeddings = np.zeros((len(texts), model.encoder.dimension), dtype=np.float32)
    for batch in forward(model, tokenizer, tokenizer(texts)):
        embeddings[batch.rows] = batch.encoded.embedding.float().cpu().numpy()
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True).clip(min=1e-12)
    return [float(c) for c in (embeddings[0::2] * embeddings[1::2]).sum(axis=1)]
