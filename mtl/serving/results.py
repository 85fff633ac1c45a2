"""The result of one text, as services give it: plain values by names that all services share."""

from mtl.inference.analysis import Analysis


def analyzed(one: Analysis) -> dict[str, object]:
    """Everything; the embedding stays an array `(H,)` float32."""
    return {
        "embedding": one.embedding,
        **classified(one),
        **tagged(one),
        "tokens": one.tokens,
        "windows": one.windows,
        "cut_at": one.cut_at,
    }


def classified(one: Analysis) -> dict[str, object]:
    """By task the probability of each label, and the labels that are chosen."""
    return {"classes": one.classes, "labels": one.labels}


def tagged(one: Analysis) -> dict[str, object]:
    """By task the entities."""
    return {"entities": one.entities}
