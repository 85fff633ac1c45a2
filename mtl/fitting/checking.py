"""What `fit_heads` is given, checked at the door as readers check files: lone surrogates are U+FFFD."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from mtl.data import Example, LabelledText, MultiLabelText, TaggedText, labels_of
from mtl.errors import DataError
from mtl.labels import stable_order, to_bio2
from mtl.recipe.choices import need_task_name
from mtl.text import Span, WordedText, clean

_KINDS = {LabelledText, MultiLabelText, TaggedText}
_LONGEST = 60  # characters of a value that a message quotes


@dataclass(frozen=True)
class TaskExamples:
    """At least one example of a task, all of one kind, and all labels of its head where these are given."""

    examples: Sequence[Example]
    labels: tuple[str, ...] | None


def checked_examples(data: object, labels: object) -> dict[str, TaskExamples]:
    """The examples of each task, with texts and labels that a checkpoint can hold.

    Raises:
        DataError: no head can be fitted to them; the sentence names the task, and the example by its number from 1.
    """
    if not isinstance(data, Mapping):
        raise DataError(f"a mapping from the names of tasks to their examples was expected, was {_type(data)}")
    if not data:
        raise DataError("examples of at least one task were expected, there are none")
    given = _given_labels(labels, data)
    return {_name(name): _task(name, examples, given.get(name)) for name, examples in data.items()}


def _name(name: object) -> str:
    try:
        return need_task_name(name if isinstance(name, str) else "")
    except ValueError as error:
        raise DataError(f"{error}, was {_shown(name)}") from error


def _given_labels(labels: object, data: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    if labels is None:
        return {}
    if not isinstance(labels, Mapping):
        raise DataError(f"labels: a mapping from the names of tasks to their labels was expected, was {_type(labels)}")
    unknown = [name for name in labels if name not in data]
    if unknown:
        known = ", ".join(map(str, data))[:_LONGEST]
        raise DataError(f"labels: a task that has examples was expected ({known}), was {_shown(unknown[0])}")
    given = {name: _labels(own, f"{name}: labels") for name, own in labels.items()}
    empty = [name for name, own in given.items() if not own]
    if empty:
        raise DataError(f"{empty[0]}: labels: at least one label was expected, there are none")
    return given


def _task(name: str, given: object, labels: tuple[str, ...] | None) -> TaskExamples:
    examples = _all_of(given, name, "of examples")
    kinds = {type(example) for example in examples}
    if len(kinds) != 1 or not kinds <= _KINDS:
        came = ", ".join(sorted(kind.__name__ for kind in kinds)) or "nothing"
        raise DataError(f"{name}: texts with classes, with sets of labels or with spans were expected, was {came}")
    checked = [_checked(example, f"{name}: example {number}") for number, example in enumerate(examples, start=1)]
    for number, example in enumerate(checked if labels is not None else (), start=1):
        other = [label for label in labels_of([example]) if label not in (labels or ())]
        if other:
            known = ", ".join(labels or ())[:_LONGEST]
            raise DataError(f"{name}: example {number}: one of its labels {known} was expected, was {_shown(other[0])}")
    return TaskExamples(checked, labels)


def _checked(example: object, where: str) -> Example:
    match example:
        case LabelledText(text, label):
            return LabelledText(_text(text, where), _label(label, where))
        case MultiLabelText(text, labels):
            return MultiLabelText(_text(text, where), stable_order(_labels(labels, f"{where}: labels")))
        case TaggedText(WordedText(text, words), tags):
            text, own = _text(text, where), _words(words, text, where)
            return TaggedText(WordedText(text, own), _tags(tags, len(own), where))
    raise DataError(f"{where}: words and their tags were expected, was {_shown(example)}")


def _text(text: object, where: str) -> str:
    if not isinstance(text, str):
        raise DataError(f"{where}: a text was expected, was {_shown(text)}")
    return clean(text)


def _label(label: object, where: str) -> str:
    if not isinstance(label, str) or not label.strip():
        raise DataError(f"{where}: a label is a string that is not blank, was {_shown(label)}")
    return clean(label)


def _labels(labels: object, where: str) -> tuple[str, ...]:
    return tuple(_label(label, where) for label in _all_of(labels, where, "of strings"))


def _words(words: object, text: str, where: str) -> tuple[Span, ...]:
    given = _all_of(words, where, "of words")
    found = tuple(word for word in given if isinstance(word, Span) and {type(word.start), type(word.end)} == {int})
    if len(found) != len(given) or not all(0 <= word.start < word.end <= len(text) for word in found):
        raise DataError(f"{where}: words with 0 <= start < end <= {len(text)} (the text's length) were expected")
    if any(first.end > second.start for first, second in pairwise(found)):
        raise DataError(f"{where}: words in order and disjoint were expected")
    return found


def _tags(tags: object, count: int, where: str) -> tuple[str, ...]:
    own = _labels(tags, f"{where}: tags")
    if len(own) != count:
        raise DataError(f"{where}: as many tags as words were expected, were {count} and {len(own)}")
    try:
        return to_bio2(own)
    except DataError as error:
        raise DataError(f"{where}: {error.message}") from error


def _all_of(values: object, where: str, what: str) -> tuple[object, ...]:
    """All values of a sequence or a generator, which is gone through once; a text is no sequence of letters."""
    if isinstance(values, str | bytes | Mapping) or not isinstance(values, Iterable):
        raise DataError(f"{where}: a sequence {what} was expected, was {_shown(values)}")
    return tuple(values)


def _type(value: object) -> str:
    return type(value).__name__


def _shown(value: object) -> str:
    return repr(value)[:_LONGEST]
