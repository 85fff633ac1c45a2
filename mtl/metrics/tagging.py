"""Entity F1 over exact spans: seqeval's strict IOB2 for words, sets for raw text."""

from collections.abc import Sequence

from mtl.labels import OUTSIDE, TypedSpan


def tagging_metrics(gold: Sequence[Sequence[str]], predicted: Sequence[Sequence[str]]) -> dict[str, float]:
    """Shares from 0 to 1 of BIO2 tags, a sequence a sentence.

    Returns:
        `f1`, `precision`, `recall` (micro over entities), `token_accuracy`, and each of the first three by `/<type>`.
    """
    from seqeval.metrics import accuracy_score
    from seqeval.metrics.v1 import precision_recall_fscore_support
    from seqeval.scheme import IOB2

    tags = {tag for side in (gold, predicted) for sentence in side for tag in sentence}
    types = sorted({tag[2:] for tag in tags if tag.startswith("B-")})
    # seqeval takes the dashes at both ends of a type for the scheme's own, so it gets numbers in the types' order.
    order = {name: f"{number:09}" for number, name in enumerate(sorted({tag[2:] for tag in tags}))}
    numbered = {tag: f"{tag[:2]}{order[tag[2:]]}" if tag != OUTSIDE else OUTSIDE for tag in tags}
    y_true, y_pred = ([[numbered[tag] for tag in sentence] for sentence in side] for side in (gold, predicted))
    metrics = {"f1": 0.0, "precision": 0.0, "recall": 0.0, "token_accuracy": float(accuracy_score(y_true, y_pred))}
    if not types:
        return metrics
    micro = precision_recall_fscore_support(y_true, y_pred, average="micro", scheme=IOB2, zero_division=0)
    by_type = precision_recall_fscore_support(y_true, y_pred, average=None, scheme=IOB2, zero_division=0)
    for i, name in enumerate(("precision", "recall", "f1")):
        metrics[name] = float(micro[i])
        metrics.update({f"{name}/{kind}": float(value) for kind, value in zip(types, by_type[i], strict=True)})
    return metrics


def span_f1(gold: Sequence[Sequence[TypedSpan]], predicted: Sequence[Sequence[TypedSpan]]) -> dict[str, float]:
    """`f1`, `precision`, `recall` (micro, 0 to 1) over exact spans of raw texts, a sequence of spans a text."""
    right = sum(len(set(g) & set(p)) for g, p in zip(gold, predicted, strict=True))
    found, wanted = sum(map(len, map(set, predicted))), sum(map(len, map(set, gold)))
    return {
        "f1": 2 * right / (found + wanted) if found + wanted else 0.0,
        "precision": right / found if found else 0.0,
        "recall": right / wanted if wanted else 0.0,
    }
