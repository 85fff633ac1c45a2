"""One evaluation for training, `mtl evaluate`, the page and the choice of a backend."""

from mtl.evaluation.calibration import CalibrationCurves, at_temperature, calibration_metrics, with_temperature
from mtl.evaluation.evaluate import Evaluation, evaluate, evaluate_with_curves, main_metric, metrics_of, request_of
from mtl.evaluation.measurable import gives
from mtl.evaluation.metrics import LOWER_IS_BETTER, MAIN_METRICS, is_metric, main_metric_name
from mtl.evaluation.notes import evaluation_notes, pair_notes
from mtl.evaluation.pairs import embedding_task
from mtl.evaluation.thresholds import with_thresholds

__all__ = [
    "LOWER_IS_BETTER",
    "MAIN_METRICS",
    "CalibrationCurves",
    "Evaluation",
    "at_temperature",
    "embedding_task",
    "calibration_metrics",
    "evaluate",
    "evaluate_with_curves",
    "evaluation_notes",
    "gives",
    "is_metric",
    "main_metric",
    "main_metric_name",
    "metrics_of",
    "pair_notes",
    "request_of",
    "with_temperature",
    "with_thresholds",
]
