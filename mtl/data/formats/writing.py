"""What the writers of formats share: JSON files, and examples in the terms of other programs."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from mtl.data.examples import Example, LabelledText, MultiLabelText, ScoredPair, TaggedText, tagged
from mtl.data.place import ReadLog
from mtl.errors import InputError
from mtl.text import detokenize, placed


def write_lines(path: Path, records: Iterable[dict[str, Any]]) -> None:
    """Write one JSON object a line."""
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def write_array(path: Path, records: Iterable[Any]) -> None:
    """Write one JSON array."""
    path.write_text(json.dumps(list(records), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def labelled(examples: Sequence[Example], name: str) -> list[LabelledText | MultiLabelText | TaggedText]:
    """The examples, for a format that holds texts with classes or entities.

    Raises:
        InputError: they are scored pairs.
    """
    kept = [example for example in examples if not isinstance(example, ScoredPair)]
    if len(kept) < len(examples):
        raise InputError(f"texts with labels or entities were expected, {name} holds no scored pairs")
    return kept


def classes_of(example: LabelledText | MultiLabelText | TaggedText) -> list[str] | None:
    """The classes of a text, None where it has entities instead."""
    if isinstance(example, LabelledText):
        return [example.label]
    return list(example.labels) if isinstance(example, MultiLabelText) else None


def tagged_only(examples: Sequence[Example], name: str) -> list[TaggedText]:
    """The examples, for a format that holds entities.

    Raises:
        InputError: there are others.
    """
    kept = [example for example in examples if isinstance(example, TaggedText)]
    if len(kept) < len(examples):
        raise InputError(f"texts with entities were expected, {name} holds nothing else")
    return kept


def spans_with_note(example: TaggedText, log: ReadLog) -> list[dict[str, Any]]:
    """The entities in offsets; noted where the words of the example cannot be made of them again."""
    spans = example.char_spans()
    if example != tagged(example.text, spans):
        log.leave_out_of("the words that the file cuts texts into are not kept")
    return [{"start": span.start, "end": span.end, "label": span.label} for span in spans]


def words_of(example: TaggedText) -> list[str]:
    """The words."""
    return [example.text[word.start : word.end] for word in example.worded.words]


def original_text(example: TaggedText) -> str | None:
    """The text, where it cannot be made of its words but they are found in it again."""
    words = words_of(example)
    is_needed = detokenize(words) != example.worded
    return example.text if is_needed and placed(words, example.text) == example.worded else None


def note_lost_spaces(example: TaggedText, log: ReadLog) -> None:
    """Note where the text cannot be made of its words again, and is not kept."""
    if detokenize(words_of(example)) != example.worded:
        log.leave_out_of("the spaces between words are not kept")
