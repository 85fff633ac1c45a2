"""Read files of texts with optional gold annotations: a label for each text, or entities."""

from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from types import MappingProxyType

from demo.answers.predicted import Gold
from demo.inputs.endings import CONLL_FILES, tagged_files
from demo.inputs.text_input import Sentences, need_size, read_sentences
from demo.reading import in_child
from demo.settings import Settings
from mtl.data import MultiLabelText, TaggedText, TaskLog, read_files
from mtl.data.formats import ReadOptions, Source, read_records
from mtl.data.label_sets import has_label_sets
from mtl.data.place import ReadLog
from mtl.errors import DataError, InputError, MtlError
from mtl.recipe import TaskConfig, TaskKind

_ANNOTATED = {"tokens", "spans"}
_LOOKED_AT = 20  # rows
_GUESS: Mapping[str, str] = MappingProxyType({})


@in_child
def read_labelled(path: Path, settings: Settings, columns: Mapping[str, str] = _GUESS) -> tuple[Sentences, Gold]:
    """Read texts, and their labels if there is a column `label`, or sets of labels in one of their forms.

    Args:
        path: the file.
        settings: of the page.
        columns: those of `text` and `label` where they are chosen; an empty name for no label.

    Raises:
        MtlError: as `read_sentences`; or a set of labels cannot be read.
    """
    if columns.get("label") == "":
        return read_sentences(path, settings, columns), Gold()
    try:
        found = read_sentences(path, settings, columns, kind=TaskKind.CLASSIFICATION)
    except MtlError:  # of an export in which nothing is annotated, the texts are read
        return read_sentences(path, settings, columns), Gold()
    options = ReadOptions(columns=columns)
    if has_label_sets(path, options=options):
        config = TaskConfig.model_validate({"kind": "classification", "multi_label": True, "columns": dict(columns)})
        examples = read_files(config, [str(path)], log=TaskLog())
        several = [example for example in examples if isinstance(example, MultiLabelText)]
        texts = tuple(" ".join(example.text.split()) for example in several)
        return Sentences(texts, notes=found.notes), Gold(label_sets=tuple(example.labels for example in several))
    if found.groups is None:
        found = read_sentences(path, settings, columns)
    return found, Gold(labels=found.groups)


@in_child
def read_tagged(path: Path, settings: Settings, columns: Mapping[str, str] = _GUESS) -> tuple[Sentences, Gold]:
    """Read texts with entities from CoNLL or from records of any format, or texts alone.

    Raises:
        InputError: the file is too large or of another type.
        DataError: no format reads it, or a row is wrong.
    """
    allowed = tagged_files(settings)
    if path.suffix.lower() not in allowed:
        raise InputError(f"A file of type {', '.join(allowed)} was expected, was {path.suffix!r}.")
    need_size(path, settings)
    if not _has_entities(path):
        found = read_sentences(path, settings, columns)
        return Sentences(found.texts, notes=found.notes), Gold()
    log = TaskLog()
    most = settings.max_file_sentences
    examples = read_files(TaskConfig(kind=TaskKind.TAGGING), [str(path)], log=log, most=most + 1)
    if len(examples) > most:
        raise InputError(f"at most {most:,} texts were expected, the file has more.", path=path)
    tagged = [example for example in examples if isinstance(example, TaggedText)]
    gold = Gold(spans=tuple(example.visible_spans() for example in tagged))
    return Sentences(tuple(example.text for example in tagged), notes=log.notes), gold


def _has_entities(path: Path) -> bool:
    """Whether one of the first rows has tokens or spans; a file named as CoNLL has tokens."""
    if path.suffix.lower() in CONLL_FILES:
        return True
    try:
        rows = list(islice(read_records(Source(path), ReadLog(lambda _: None)), _LOOKED_AT))
    except DataError:  # reading the texts says what is wrong
        return False
    return any(_ANNOTATED & row.values.keys() for row in rows)
