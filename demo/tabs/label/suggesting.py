"""First labels from the texts themselves: clusters of their embeddings, named by their words."""

from collections.abc import Sequence

import numpy as np

from demo.answers.cost import need_file
from demo.answers.passes import Model, analyze_texts
from demo.labelling.form import hints_of, lines_of_hints
from demo.maps.clusters import USUAL, cluster
from demo.maps.keywords import keywords
from demo.settings import Settings
from mtl.errors import InputError
from mtl.labelling import LabelHint

LEAST = 10
"""Texts below which clusters say nothing."""
MOST = 1_000
"""Texts that are embedded for it, by chance where there are more: some seconds."""
_CHARACTERS = 500
"""Of a text: its beginning says what it is about."""
_IN_CLUSTER = 5  # texts, on average
_WORDS = 6  # a name and its description
_LONGEST = 40  # characters of a word


def suggested_labels(model: Model, texts: Sequence[str], box: str | None, settings: Settings) -> str:
    """The lines of the box for labels, with those of the clusters of texts added, `name: words`.

    Args:
        model: whose embeddings are clustered.
        texts: as they are to be labelled.
        box: what is in the box; its labels stay as they are.
        settings: of the page.

    Raises:
        InputError: the texts are too few, cost too much, or have no words.
    """
    distinct = list(dict.fromkeys(text[:_CHARACTERS] for text in texts))
    if len(distinct) < LEAST:
        raise InputError(f"At least {LEAST} different texts were expected to find clusters, were {len(distinct)}.")
    chosen = np.sort(np.random.default_rng(0).permutation(len(distinct))[:MOST])
    some = [distinct[at] for at in chosen]
    need_file(model, some, settings)
    before = hints_of(box)
    if settings.max_labels is not None and len(before) >= settings.max_labels:
        raise InputError(f"At most {settings.max_labels} labels were expected, there are {len(before)} already.")
    most = USUAL if settings.max_labels is None else min(USUAL, settings.max_labels - len(before))
    groups = cluster(analyze_texts(model, some).vectors, min(most, max(2, len(some) // _IN_CLUSTER)))
    found = labels_of_clusters(some, groups, taken=[hint.name for hint in before])
    if not found and before:
        raise InputError("Clusters without a label were expected, each has the name of one already.")
    if not found:
        raise InputError("Words to name clusters by were expected, the texts have none: type the labels.")
    return lines_of_hints((*before, *found))


def labels_of_clusters(texts: Sequence[str], groups: Sequence[str], *, taken: Sequence[str]) -> tuple[LabelHint, ...]:
    """A label for each cluster with a word that no other label has: its first such word, described by the next ones.

    A cluster whose first word is a label already gets none.

    Args:
        texts: `(N,)`.
        groups: `(N,)`, the cluster of each.
        taken: names of labels that there are already.
    """
    before = {name.casefold() for name in taken}
    known = set(before)
    found = []
    names = keywords(texts, groups, count=_WORDS)
    for group in sorted(names, key=lambda one: -groups.count(one)):
        words = [word for word in names[group].split(", ") if word and len(word) <= _LONGEST]
        if words and words[0].casefold() in before:
            continue
        own = next((word for word in words if word.casefold() not in known), None)
        if own is not None:
            known.add(own.casefold())
            found.append(LabelHint(own, ", ".join(word for word in words if word != own)))
    return tuple(found)
