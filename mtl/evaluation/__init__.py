"""One evaluation for training, `mtl evaluate`, the page and the choice of a backend."""

from mtl.evaluation.evaluate import evaluate, main_metric, metrics_of, request_of
from mtl.evaluation.metrics import MAIN_METRIC, is_metric

__all__ = ["MAIN_METRIC", "evaluate", "is_metric", "main_metric", "metrics_of", "request_of"]
