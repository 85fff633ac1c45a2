"""The result of one text, as services give it: plain values by names that all services share."""

from collections.abc import Collection

from mtl.inference.analysis import Analysis


def analyzed(one: Analysis) -> dict[str, object]:
    """Everything; the embedding stays an array `(H,)` float32."""
    return {
        "embedding": one.embedding,
        **classified(one),
        **tagged(one),
        "outside": one.outside_values,
        "tokens": one.tokens,
        "windows": one.windows,
        "cut_at": one.cut_at,
    }


def classified(one: Analysis) -> dict[str, object]:
    """By task the probability of each label, the labels that are chosen, and how unlike the training texts it is."""
    return {"classes": one.classes, "labels": one.labels, "outside": _outside(one, one.classes)}


def tagged(one: Analysis) -> dict[str, object]:
    """By task the entities, and how unlike the text is to the training texts."""
    return {"entities": one.entities, "outside": _outside(one, one.entities)}


def _outside(one: Analysis, tasks: Collection[str]) -> dict[str, object]:
    return {name: score for name, score in one.outside_values.items() if name in tasks}
