"""Metrics with the values of scikit-learn, seqeval and SciPy."""

from mtl.metrics.classification import classification_metrics
from mtl.metrics.embedding import embedding_metrics, similarity_metrics
from mtl.metrics.multi_label import micro_f1, multi_label_metrics
from mtl.metrics.retrieval import LabelledPairs, average_precision, retrieval_metrics
from mtl.metrics.tagging import span_f1, tagging_metrics

__all__ = [
    "LabelledPairs",
    "average_precision",
    "classification_metrics",
    "embedding_metrics",
    "micro_f1",
    "multi_label_metrics",
    "retrieval_metrics",
    "similarity_metrics",
    "span_f1",
    "tagging_metrics",
]
