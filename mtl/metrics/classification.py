"""Accuracy, macro F1, and precision, recall and F1 of every class, by scikit-learn."""

from collections.abc import Sequence


def classification_metrics(gold: Sequence[str], predicted: Sequence[str]) -> dict[str, float]:
    """Shares from 0 to 1, over the labels that occur on either side.

    Returns:
        `accuracy`, `macro_f1`, and `precision/<label>`, `recall/<label>`, `f1/<label>`.
    """
    from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

    labels = sorted(set(gold) | set(predicted))
    # scikit-learn keeps strings in arrays, each as long as the longest; numbers also mean nothing to it.
    index = {label: number for number, label in enumerate(labels)}
    true, found = [index[label] for label in gold], [index[label] for label in predicted]
    metrics = {
        "accuracy": float(accuracy_score(true, found)),
        "macro_f1": float(f1_score(true, found, average="macro", zero_division=0)),
    }
    per_class = precision_recall_fscore_support(true, found, labels=range(len(labels)), zero_division=0)
    for name, values in zip(("precision", "recall", "f1"), per_class, strict=False):
        metrics.update({f"{name}/{label}": float(value) for label, value in zip(labels, values, strict=True)})
    return metrics
