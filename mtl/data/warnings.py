"""What is wrong or doubtful about a task's data, in words and with examples to look at, before anything trains."""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import islice

import numpy as np
import regex

from mtl.data.examples import Example, LabelledText, MultiLabelText, ScoredPair, TaggedText, texts_of
from mtl.data.keys import Keys, conflicts, first_places, firsts, hashes
from mtl.data.reading import TaskData, count_labels
from mtl.recipe.choices import TaskKind
from mtl.task import is_contrastive
from mtl.text.splitting import is_inside_word

_IMBALANCE = 10  # times that the commonest label may outnumber the rarest
_RARE = 5  # examples below which a label is hardly learned
_SHOWN = 3  # examples and labels that a warning names
_LONGEST = 40  # characters of a text in a warning
COMPARED = 1_000_000
"""Training examples whose words are looked at; the first of them, where there are more."""
_WORD = regex.compile(r"[\p{L}\p{M}]+|\p{N}+")


def data_warnings(data: TaskData) -> Iterator[str]:
    """Sentences about one task's data, none where all is well; examples count from 1 in the order of the files."""
    if not data.dev:
        yield no_dev(data.name)
    yield from data.notes
    parts = {"train": data.train, "dev": data.dev}
    lower = {part: hashes(map(_lower, examples)) for part, examples in parts.items()}
    yield from _overlap_warnings(data, lower["train"], lower["dev"])
    yield from _label_warnings(data)
    for part, examples in parts.items():
        yield from _spelling_warnings(data.name, part, examples)
        yield from _conflict_warnings(data.name, part, examples, lower[part])
        yield from _cut_word_warnings(data.name, part, examples)


def no_dev(name: str) -> str:
    """The warning of a task that cannot be evaluated."""
    return f"{name}: no dev data, so it is not evaluated and cannot choose the best checkpoint"


def _overlap_warnings(data: TaskData, train: Keys, dev: Keys) -> Iterator[str]:
    distinct = firsts(dev)
    places = first_places(dev[distinct], train)
    same = distinct[places >= 0]
    if len(same):
        where = f"dev example {same[0] + 1} is train example {places[places >= 0][0] + 1}"
        yield f"{data.name}: {len(same)} dev texts stand in train too, so the dev figures flatter; {where}"
    near = [(i, key) for i, key in enumerate(map(_words, data.dev)) if key]
    if not near:
        return
    compared = data.train[:COMPARED] if len(data.train) > COMPARED else data.train
    if len(compared) < len(data.train):
        yield f"{data.name}: {_looked_at(data.train)} were compared with dev for texts that are nearly the same"
    rows, keys = np.array([i for i, _ in near]), hashes(key for _, key in near)
    once = firsts(keys)
    places = first_places(keys[once], hashes(map(_words, compared)))
    rows, is_close = rows[once], (places >= 0) & ~np.isin(dev[rows[once]], dev[same])
    if is_close.any():
        one, other = int(rows[is_close][0]), int(places[is_close][0])
        yield (
            f"{data.name}: {is_close.sum()} dev texts differ from one of train only by punctuation, numbers or spaces; "
            f"dev example {one + 1} is nearly train example {other + 1} ({_shown(texts_of(data.dev[one])[0])})"
        )


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
    scores = (e.score for e in data.train if isinstance(e, ScoredPair))
    ranks = data.config.kind is TaskKind.SIMILARITY and not is_contrastive(data.config)
    first = next(scores, None) if ranks else None
    if first is not None and all(score == first for score in scores):
        yield f"{data.name}: every pair has the same score, so there is nothing to rank"
    if is_contrastive(data.config) and data.dev and not any(map(_is_positive, data.dev)):
        yield f"{data.name}: no dev pair has a high score, so accuracy and reciprocal rank are not measured"


def _is_positive(example: Example) -> bool:
    return isinstance(example, ScoredPair) and example.is_positive


def _spelling_warnings(name: str, part: str, examples: Sequence[Example]) -> Iterator[str]:
    """Labels that differ by case or spaces alone."""
    rows: dict[str, Places] = defaultdict(Places)
    for i, example in enumerate(examples, start=1):
        for label in dict.fromkeys(_labels(example)):
            rows[label].add(i)
    spellings: dict[str, list[str]] = defaultdict(list)
    for label in rows:
        spellings["".join(label.casefold().split())].append(label)
    several = [found for found in spellings.values() if len(found) > 1]
    for found in several[:_SHOWN]:
        shown = ", ".join(f"{label!r} ({rows[label].count}, {rows[label]})" for label in found)
        yield f"{name}: labels of {part} differ only by case or spaces: {shown}"


def _conflict_warnings(name: str, part: str, examples: Sequence[Example], keys: Keys) -> Iterator[str]:
    """Equal texts with different labels, tags or scores."""
    found = conflicts(keys, hashes(map(_answer, examples)))
    if found.count:
        rows = Places()
        for row in found.first:
            rows.add(row + 1)
        shown = _shown(texts_of(examples[found.first[0]])[0])
        count = "1 text has" if found.count == 1 else f"{found.count} texts have"
        yield f"{name}: {count} different labels in {part}, such as {shown} in {rows}"


def _cut_word_warnings(name: str, part: str, examples: Sequence[Example]) -> Iterator[str]:
    """Entities that begin or end inside of a word, which a model can only find whole."""
    rows, first = Places(), ""
    for i, example in enumerate(islice(examples, COMPARED), start=1):
        if isinstance(example, TaggedText):
            text = example.text
            spans = [s for s in example.char_spans() if is_inside_word(text, s.start) or is_inside_word(text, s.end)]
            if spans:
                rows.add(i)
                first = first or _shown(example.text[spans[0].start : spans[0].end])
    if rows.count:
        count = "1 example" if rows.count == 1 else f"{rows.count} examples"
        among = f"of {_looked_at(examples)} of {part}" if len(examples) > COMPARED else f"of {part}"
        yield f"{name}: in {count} {among} an entity begins or ends inside of a word, such as {first} in {rows}"


def _labels(example: Example) -> Iterable[str]:
    if isinstance(example, LabelledText):
        return (example.label,)
    if isinstance(example, MultiLabelText):
        return example.labels
    return (tag[2:] for tag in example.tags if tag != "O") if isinstance(example, TaggedText) else ()


def _answer(example: Example) -> Hashable:
    """What is to be predicted."""
    if isinstance(example, LabelledText):
        return example.label
    if isinstance(example, MultiLabelText):
        return example.labels
    return example.char_spans() if isinstance(example, TaggedText) else example.score


def _lower(example: Example) -> tuple[str, ...]:
    return tuple(text.lower() for text in texts_of(example))


def _words(example: Example) -> tuple[str, ...]:
    """The words without numbers; a text of none has no key, and so is like no other."""
    words = [" ".join(w for w in _WORD.findall(text.casefold()) if not w.isnumeric()) for text in texts_of(example)]
    return tuple(words) if all(words) else ()


class Places:
    """How many examples there are of something, and the first of them; examples count from 1."""

    def __init__(self) -> None:
        self.count = 0
        self._first: list[int] = []

    def add(self, row: int) -> None:
        """Count one more."""
        self.count += 1
        if len(self._first) < _SHOWN:
            self._first.append(row)

    def __str__(self) -> str:
        more = f" and {self.count - _SHOWN} more" if self.count > _SHOWN else ""
        return ("example " if self.count == 1 else "examples ") + ", ".join(map(str, self._first)) + more


def _looked_at(examples: Sequence[Example]) -> str:
    return f"the first {COMPARED:,} of {len(examples):,} examples"


def _shown(text: str) -> str:
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")
