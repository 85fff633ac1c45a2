"""What is wrong or doubtful about a task's data, in words and with examples to look at, before anything trains."""

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence

import regex

from mtl.data.examples import Example, LabelledText, MultiLabelText, ScoredPair, TaggedText, texts_of
from mtl.data.reading import TaskData, count_labels
from mtl.recipe.choices import TaskKind
from mtl.text.splitting import is_inside_word

_IMBALANCE = 10  # times that the commonest label may outnumber the rarest
_RARE = 5  # examples below which a label is hardly learned
_SHOWN = 3  # examples and labels that a warning names
_LONGEST = 40  # characters of a text in a warning
_Key = tuple[str, ...]
_WORD = regex.compile(r"[\p{L}\p{M}]+|\p{N}+")


def data_warnings(data: TaskData) -> Iterator[str]:
    """Sentences about one task's data, none where all is well; examples count from 1 in the order of the files."""
    if not data.dev:
        yield no_dev(data.name)
    yield from data.notes
    yield from _overlap_warnings(data)
    yield from _label_warnings(data)
    for part, examples in (("train", data.train), ("dev", data.dev)):
        yield from _spelling_warnings(data.name, part, examples)
        yield from _conflict_warnings(data.name, part, examples)
        yield from _cut_word_warnings(data.name, part, examples)


def no_dev(name: str) -> str:
    """The warning of a task that cannot be evaluated."""
    return f"{name}: no dev data, so it is not evaluated and cannot choose the best checkpoint"


def _overlap_warnings(data: TaskData) -> Iterator[str]:
    train, dev = _by_key(data.train, _lower), _by_key(data.dev, _lower)
    same = [key for key in dev if key in train]
    if same:
        places = f"dev example {dev[same[0]][0]} is train example {train[same[0]][0]}"
        yield f"{data.name}: {len(same)} dev texts stand in train too, so the dev figures flatter; {places}"
    known = set(same)
    alike, near = _by_key(data.train, _words), _by_key(data.dev, _words)
    close = [
        (near[key][0], alike[key][0])
        for key in near
        if key in alike and _lower(data.dev[near[key][0] - 1]) not in known
    ]
    if close:
        (one, other), shown = close[0], _shown(texts_of(data.dev[close[0][0] - 1])[0])
        yield (
            f"{data.name}: {len(close)} dev texts differ from one of train only by punctuation, numbers or spaces; "
            f"dev example {one} is nearly train example {other} ({shown})"
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
    if data.config.kind is TaskKind.SIMILARITY and len({e.score for e in data.train if isinstance(e, ScoredPair)}) == 1:
        yield f"{data.name}: every pair has the same score, so there is nothing to rank"


def _spelling_warnings(name: str, part: str, examples: Sequence[Example]) -> Iterator[str]:
    """Labels that differ by case or spaces alone."""
    spellings: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for i, example in enumerate(examples, start=1):
        for label in dict.fromkeys(_labels(example)):
            spellings["".join(label.casefold().split())][label].append(i)
    several = [found for found in spellings.values() if len(found) > 1]
    for found in several[:_SHOWN]:
        shown = ", ".join(f"{label!r} ({len(rows)}, {_places(rows)})" for label, rows in found.items())
        yield f"{name}: labels of {part} differ only by case or spaces: {shown}"


def _conflict_warnings(name: str, part: str, examples: Sequence[Example]) -> Iterator[str]:
    """Equal texts with different labels, tags or scores."""
    different = []
    for rows in _by_key(examples, _lower).values():
        first_of: dict[Hashable, int] = {}
        for row in rows:
            first_of.setdefault(_answer(examples[row - 1]), row)
        if len(first_of) > 1:
            different.append(list(first_of.values()))
    if different:
        rows = different[0]
        shown = _shown(texts_of(examples[rows[0] - 1])[0])
        count = "1 text has" if len(different) == 1 else f"{len(different)} texts have"
        yield f"{name}: {count} different labels in {part}, such as {shown} in {_places(rows)}"


def _cut_word_warnings(name: str, part: str, examples: Sequence[Example]) -> Iterator[str]:
    """Entities that begin or end inside of a word, which a model can only find whole."""
    rows, first = [], ""
    for i, example in enumerate(examples, start=1):
        if isinstance(example, TaggedText):
            text = example.text
            spans = [s for s in example.char_spans() if is_inside_word(text, s.start) or is_inside_word(text, s.end)]
            if spans:
                rows.append(i)
                first = first or _shown(example.text[spans[0].start : spans[0].end])
    if rows:
        count = "1 example" if len(rows) == 1 else f"{len(rows)} examples"
        where = f"{first} in {_places(rows)}"
        yield f"{name}: in {count} of {part} an entity begins or ends inside of a word, such as {where}"


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


def _by_key(
    examples: Sequence[Example], key_of: Callable[[Example], tuple[str, ...]]
) -> Mapping[tuple[str, ...], list[int]]:
    """The examples of each key, counted from 1."""
    found: dict[_Key, list[int]] = {}
    for i, example in enumerate(examples, start=1):
        key = key_of(example)
        if key:
            found.setdefault(key, []).append(i)
    return found


def _places(rows: Sequence[int]) -> str:
    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    return ("example " if len(rows) == 1 else "examples ") + ", ".join(map(str, rows[:_SHOWN])) + more


def _shown(text: str) -> str:
    return repr(text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…")
