"""Metrics of pairs of sentences: how well cosines follow scores, and how well a sentence finds its partners."""

from collections.abc import Sequence

import numpy as np

from mtl.data import Example, ScoredPair
from mtl.decoding import ModelOutput
from mtl.metrics import LabelledPairs, average_precision, retrieval_metrics, similarity_metrics
from mtl.recipe.choices import SimilarityLoss, TaskKind
from mtl.recipe.tasks import HeadConfig
from mtl.task import TaskInfo, is_contrastive


def embedding_task(examples: Sequence[Example]) -> TaskInfo:
    """What an embedding is measured by: as `multiple_negatives` where all pairs have a score of 0 or 1."""
    is_graded = any(isinstance(example, ScoredPair) and example.score not in (0, 1) for example in examples)
    loss = SimilarityLoss.COSENT if is_graded else SimilarityLoss.MULTIPLE_NEGATIVES
    return TaskInfo("embedding", TaskKind.SIMILARITY, (), HeadConfig(loss=loss))


def pair_metrics(task: TaskInfo, examples: Sequence[Example], output: ModelOutput) -> dict[str, float]:
    """Every metric of a similarity task.

    Correlations are there where scores differ. A task with `loss: multiple_negatives` has `accuracy@1` and `mrr` too
    where a pair is positive, and `average_precision` where another one is not.

    Args:
        task: of similarity.
        examples: N pairs.
        output: of their 2N texts.
    """
    pairs = [example for example in examples if isinstance(example, ScoredPair)]
    scores, cosines = [pair.score for pair in pairs], _cosines(output)
    correlations = similarity_metrics(scores, cosines) if min(scores) < max(scores) else {}
    if not is_contrastive(task):
        return correlations
    labelled = _labelled(pairs)
    found = retrieval_metrics(labelled, output.embeddings)
    if labelled.positive.any() and not labelled.positive.all():
        found["average_precision"] = average_precision(labelled.positive, cosines)
    return found | correlations


def main_pair_metric(task: TaskInfo, examples: Sequence[Example], output: ModelOutput) -> float:
    """Spearman's correlation alone, or the mean reciprocal rank; 0 where no score differs, or no pair is positive."""
    pairs = [example for example in examples if isinstance(example, ScoredPair)]
    if is_contrastive(task):
        return retrieval_metrics(_labelled(pairs), output.embeddings).get("mrr", 0.0)
    return similarity_metrics([pair.score for pair in pairs], _cosines(output))["spearman_cosine"]


def _labelled(pairs: Sequence[ScoredPair]) -> LabelledPairs:
    firsts, seconds = [pair.sentence1 for pair in pairs], [pair.sentence2 for pair in pairs]
    return LabelledPairs(firsts, seconds, np.array([pair.is_positive for pair in pairs]))


def _cosines(output: ModelOutput) -> list[float]:
    embeddings = output.embeddings.astype(np.float64)  # texts much alike differ in the last digits of float32
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True).clip(min=1e-12)
    return [float(cosine) for cosine in (unit[0::2] * unit[1::2]).sum(axis=1)]
