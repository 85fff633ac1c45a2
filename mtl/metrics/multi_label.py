"""Metrics of sets of labels, by scikit-learn."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Indicators = NDArray[np.bool_]
Columns = NDArray[np.bool_]


def multi_label_metrics(
    labels: Sequence[str], *, gold: Indicators, found: Indicators, probabilities: NDArray[np.float32]
) -> dict[str, float]:
    """Shares from 0 to 1, over the labels that occur on either side.

    Args:
        labels: the C labels.
        gold: `(N, C)`.
        found: `(N, C)`, the chosen labels.
        probabilities: `(N, C)`.

    Returns:
        `micro_f1`, `macro_f1`, `subset_accuracy` (the share of texts whose set is right), `mean_average_precision`
        (over the labels that a text has; without any, it is left out; NaN where a probability is not finite), and
        `precision/<label>`, `recall/<label>`, `f1/<label>`.
    """
    from sklearn.metrics import accuracy_score, average_precision_score, f1_score, precision_recall_fscore_support

    wanted: Columns = np.asarray(gold.any(axis=0))
    occurs: Columns = np.asarray((gold | found).any(axis=0))
    metrics = {"micro_f1": 0.0, "macro_f1": 0.0, "subset_accuracy": float(accuracy_score(gold, found))}
    if wanted.any():
        ranked, is_finite = probabilities[:, wanted], bool(np.isfinite(probabilities).all())
        score = average_precision_score(gold[:, wanted], ranked, average="macro") if is_finite else np.nan
        metrics["mean_average_precision"] = float(score)
    if not occurs.any():
        return metrics
    names = [label for label, one in zip(labels, occurs, strict=True) if one]
    # A single column is a binary task to scikit-learn: without `columns` the texts that lack the label would count too.
    columns = list(range(len(names))) if len(names) > 1 else [1]
    true, chosen = gold[:, occurs].astype(int), found[:, occurs].astype(int)
    for average in ("micro", "macro"):
        score = f1_score(true, chosen, labels=columns, average=average, zero_division=0)
        metrics[f"{average}_f1"] = float(score)
    per_label = precision_recall_fscore_support(true, chosen, labels=columns, average=None, zero_division=0)
    for name, values in zip(("precision", "recall", "f1"), per_label, strict=False):
        metrics.update({f"{name}/{label}": float(value) for label, value in zip(names, values, strict=True)})
    return metrics


def micro_f1(gold: Indicators, found: Indicators) -> float:
    """F1 over all pairs of a text and a label `(N, C)`, 0 where there is none on either side."""
    total = int(gold.sum() + found.sum())
    return 2 * int((gold & found).sum()) / total if total else 0.0
