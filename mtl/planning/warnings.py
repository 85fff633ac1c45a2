"""What is wrong or doubtful about a recipe's data, in words, before anything trains."""

from collections.abc import Iterator

from mtl.data import Example, ScoredPair, TaskData, count_labels, texts_of
from mtl.recipe.choices import TaskKind

_IMBALANCE = 10  # times that the commonest label may outnumber the rarest
_RARE = 5  # examples below which a label is hardly learned


def data_warnings(data: TaskData) -> Iterator[str]:
    """Sentences about one task's data; none where all is well."""
    if not data.dev:
        yield f"{data.name}: no dev data, so it is not evaluated and cannot choose the best checkpoint"
    yield from data.notes
    repeated = len(_keys(data.train) & _keys(data.dev))
    if repeated:
        yield f"{data.name}: {repeated} dev texts stand in train too, so the dev figures flatter"
    yield from _label_warnings(data)


def _label_warnings(data: TaskData) -> Iterator[str]:
    counts = count_labels(data.train)
    missing = [label for label in data.labels if not counts[label]]
    if data.train and missing:
        yield f"{data.name}: no training example of {', '.join(missing[:5])}"
    rare = sorted(label for label, count in counts.items() if count < _RARE)
    if rare:
        shown = ", ".join(f"{label} ({counts[label]})" for label in rare[:5])
        yield f"{data.name}: fewer than {_RARE} training examples of {shown}" + (" and others" if len(rare) > 5 else "")
    if counts and max(counts.values()) > _IMBALANCE * min(counts.values()):
        (most, many), (least, few) = counts.most_common()[0], counts.most_common()[-1]
        yield f"{data.name}: labels are out of balance, {most} has {many} examples and {least} {few}; read macro_f1 too"
    if data.config.kind is TaskKind.SIMILARITY and len({e.score for e in data.train if isinstance(e, ScoredPair)}) == 1:
        yield f"{data.name}: every pair has the same score, so there is nothing to rank"


def _keys(examples: tuple[Example, ...]) -> set[tuple[str, ...]]:
    return {tuple(text.lower() for text in texts_of(example)) for example in examples}
