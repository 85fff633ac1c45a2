"""Read files of texts with optional gold annotations: a label for each text, or entities."""

import json
from pathlib import Path

from demo.answers.predicted import Gold
from demo.inputs.text_input import Sentences, need_size, read_sentences, sentence_files
from demo.settings import Settings
from mtl.data import MultiLabelText, TaggedText, read_files
from mtl.data.encoding import read_lines
from mtl.data.label_sets import has_label_sets
from mtl.errors import DataError, InputError
from mtl.recipe import TaskConfig, TaskKind

CONLL = (".conll", ".iob", ".iob2", ".bio")


def read_labelled(path: Path, settings: Settings) -> tuple[Sentences, Gold]:
    """Read texts, and their labels if there is a column `label`, or sets of labels in one of their forms.

    Raises:
        MtlError: as `read_sentences`; or a set of labels cannot be read.
    """
    found = read_sentences(path, settings)
    if has_label_sets(path):
        examples = read_files(TaskConfig(kind=TaskKind.CLASSIFICATION, multi_label=True), [str(path)])
        sets = tuple(example.labels for example in examples if isinstance(example, MultiLabelText))
        return Sentences(found.texts), Gold(label_sets=sets)
    return found, Gold(labels=found.groups)


def read_tagged(path: Path, settings: Settings) -> tuple[Sentences, Gold]:
    """Read texts with entities from CoNLL or JSONL, or texts alone.

    Raises:
        InputError: the file is too large or of another type.
        DataError: the content does not match the file extension.
    """
    if path.suffix.lower() not in CONLL and not _has_entities(path):
        return Sentences(read_sentences(path, settings).texts), Gold()
    need_size(path, settings)
    examples = read_files(TaskConfig(kind=TaskKind.TAGGING), [str(path)])
    if len(examples) > settings.max_file_sentences:
        message = f"at most {settings.max_file_sentences:,} texts were expected, the file has {len(examples):,}."
        raise InputError(message, path=path)
    tagged = [example for example in examples if isinstance(example, TaggedText)]
    return Sentences(tuple(e.text for e in tagged)), Gold(spans=tuple(e.char_spans() for e in tagged))


def entity_files(settings: Settings) -> tuple[str, ...]:
    """The file extensions that the Entities tab accepts."""
    return (*CONLL, *sentence_files(settings))


def _has_entities(path: Path) -> bool:
    """Whether the first row of a JSONL file has tokens or spans."""
    if path.suffix.lower() != ".jsonl":
        return False
    try:
        first = next((line for _, line in read_lines(path) if line.strip()), "")
        row = json.loads(first)
    except (ValueError, RecursionError, DataError):
        return False
    return isinstance(row, dict) and bool({"tokens", "spans"} & set(row))
