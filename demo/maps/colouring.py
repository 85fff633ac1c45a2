"""The groups that colour a map: labels of a file, predictions of a task, or clusters."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from demo import palette
from demo.answers.embedded import NO_ENTITY, Embedded
from demo.answers.passes import NO_LABEL, label_colours
from demo.maps.clusters import cluster
from demo.maps.keywords import keywords
from mtl.recipe import TaskKind

ONE_COLOUR, LABEL, CLUSTER = "one colour", "label", "cluster"
_MOST = 24
_OTHER = "other labels"
_made: "WeakKeyDictionary[Embedded, tuple[tuple[str, int], Colouring]]" = WeakKeyDictionary()


@dataclass(frozen=True)
class Colouring:
    """The group of each sentence as its position in `names`, and the colour and shape of each group."""

    title: str
    of: tuple[int, ...]
    names: tuple[str, ...]
    colours: tuple[str, ...]
    symbols: tuple[str, ...]


def colour_choices(embedded: Embedded) -> list[str]:
    """The choices for colouring these sentences, the most useful first."""
    kinds = (TaskKind.CLASSIFICATION, TaskKind.TAGGING)
    tasks = [name for kind in kinds for name, task in embedded.tasks.items() if task.kind is kind]
    return [*([LABEL] if embedded.labels else []), *tasks, CLUSTER, ONE_COLOUR]


def colouring(embedded: Embedded, by: str, *, clusters: int) -> Colouring:
    """Group the sentences; an unknown choice gives one colour.

    The last groups of each set are cached, since both maps use them.
    """
    known = _made.get(embedded)
    if known is None or known[0] != (by, clusters):
        known = _made[embedded] = ((by, clusters), _groups(embedded, by, clusters=clusters))
    return known[1]


def _groups(embedded: Embedded, by: str, *, clusters: int) -> Colouring:
    if by == LABEL and embedded.labels:
        return _of_labels(embedded, embedded.labels)
    if by == CLUSTER:
        found = cluster(embedded.vectors, clusters)
        ranked = sorted(set(found), key=lambda name: int(name.rpartition(" ")[2]))
        told = keywords(embedded.texts, found)
        titles = {name: f"{name}: {told[name]}" if told[name] else name for name in ranked}
        colours = palette.assign([ranked])
        of_titles = {titles[name]: colours[name] for name in ranked}
        return _coloured(by, [titles[name] for name in found], list(titles.values()), of_titles)
    if by in embedded.predicted:
        task = embedded.tasks[by]
        nothing = [NO_ENTITY] * (task.kind is TaskKind.TAGGING) + [NO_LABEL] * task.multi_label
        own = [*task.labels, *nothing]
        present = set(embedded.predicted[by])
        colours = {**label_colours(embedded.tasks), **dict.fromkeys(nothing, palette.NEUTRAL)}
        return _coloured(by, embedded.predicted[by], [name for name in own if name in present], colours)
    return Colouring("", (0,) * len(embedded.texts), (), (), ())


def _of_labels(embedded: Embedded, labels: Sequence[str]) -> Colouring:
    ranked = [label for label, _ in Counter(labels).most_common()]
    shown = ranked if len(ranked) <= _MOST else ranked[: _MOST - 1]
    kept = set(shown)
    named = [label if label in kept else _OTHER for label in labels]
    colours = palette.assign([*(task.labels for task in embedded.tasks.values()), shown])
    names = shown if len(shown) == len(ranked) else [*shown, _OTHER]
    return _coloured(LABEL, named, names, {**colours, _OTHER: palette.NEUTRAL})


def _coloured(title: str, found: Sequence[str], names: Sequence[str], colours: palette.LabelColours) -> Colouring:
    place = {name: i for i, name in enumerate(names)}
    own = tuple(colours.get(name, palette.NEUTRAL) for name in names)
    return Colouring(title, tuple(place[name] for name in found), tuple(names), own, palette.symbols(own))
