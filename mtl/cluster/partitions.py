"""Numbered ranges of the rows of an input, as a cluster hands them from process to process."""

import json
import pickle
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from mtl.cluster.store import local_copy
from mtl.data.formats import ReadOptions
from mtl.data.place import ReadLog
from mtl.data.texts import text_source
from mtl.errors import DataError, InputError, MtlError
from mtl.inference.bulk.reading import MOST_TEXTS, read_chunks
from mtl.inference.bulk.rejects import reject_record
from mtl.inference.bulk.rows import OutputRow


@dataclass(frozen=True, slots=True)
class Reading:
    """What is read, by the name that the user gave it, and how it is divided.

    A partition is a whole number of the chunks that the local engine runs, so that its rows get the same values.
    """

    location: str
    file: str
    """The same as a URL or an absolute path."""
    options: ReadOptions
    keep: tuple[str, ...]
    partition_rows: int


@dataclass(frozen=True, slots=True)
class Report:
    """What the command learns of a partition: its numbers of rows and texts, and which rows were rejected up to it.

    The last one has no rows; it has the notes on the input.
    """

    number: int
    rows: int = 0
    texts: int = 0
    rejects: tuple[Mapping[str, object], ...] = ()
    is_finished: bool = False
    """Whether an earlier call had written it."""
    is_last: bool = False
    notes: tuple[str, ...] = ()
    unreadable: str | None = None
    """Why the input cannot be read any further."""
    failed: str | None = None
    """Why its worker could not write it."""


Record = dict[str, object]
"""A report as JSON, and the chunks of rows that are still to be run: a row of a Ray data set."""


def record_of(report: Report, chunks: Sequence[Sequence[OutputRow]] = ()) -> Record:
    """A report, and rows, between two processes of one command.

    The rows are pickled, since they keep values of any type, and what a date becomes is for the format to say; nothing
    of it is ever written to a file.
    """
    names = Report.__dataclass_fields__
    text = json.dumps({name: getattr(report, name) for name in names}, ensure_ascii=False)
    return {"report": text, "chunks": pickle.dumps(list(chunks)) if chunks else b""}


def report_of(record: Mapping[str, object]) -> Report:
    """The report of a record."""
    fields = json.loads(str(record["report"]))
    return Report(**(fields | {name: tuple(fields[name]) for name in ("rejects", "notes")}))


def chunks_of(record: Mapping[str, object]) -> list[list[OutputRow]]:
    """The rows of a record."""
    blob = record["chunks"]
    assert isinstance(blob, bytes)
    chunks: list[list[OutputRow]] = pickle.loads(blob) if blob else []
    return chunks


def read_partitions(reading: Reading, finished: Collection[int]) -> Iterator[Record]:
    """The partitions of an input in order, without the rows of those that are finished; then the last report.

    What is wrong with the input is said by the last report, so that it reaches the user as one sentence from whatever
    process this runs in.
    """
    errors = _Errors()
    log = ReadLog(errors)
    number = texts = 0
    unreadable: str | None = None
    try:
        with local_copy(reading.file) as file:
            errors.names = {str(file): reading.location}
            for chunks in _groups(_chunks(file, reading, log), reading.partition_rows):
                rows = [row for chunk in chunks for row in chunk]
                report = Report(number, len(rows), sum(row.text is not None for row in rows), errors.taken())
                number += 1
                texts += report.texts
                if report.number in finished:
                    yield record_of(replace(report, is_finished=True))
                else:
                    yield record_of(report, chunks)
        if not texts:
            nothing = InputError("at least one text was expected, the file has none", path=reading.location)
            raise errors.first or nothing
    except MtlError as error:
        unreadable = error.sentence(errors.shown)
    yield record_of(
        Report(number, rejects=errors.taken(), is_last=True, notes=log.notes, unreadable=unreadable),
    )


class _Errors:
    """Takes the errors of rows, under the name that the user gave of the file."""

    def __init__(self) -> None:
        self.first: DataError | None = None
        self.names: Mapping[str, str] = {}
        self._errors: list[DataError] = []

    def __call__(self, error: DataError) -> None:
        error.path = error.path and self.shown(error.path)
        self.first = self.first or error
        self._errors.append(error)

    def shown(self, path: str) -> str:
        """The name of a file for the user."""
        return self.names.get(path, path)

    def taken(self) -> tuple[Mapping[str, object], ...]:
        """The errors since the last call, as records."""
        found = tuple(reject_record(error) for error in self._errors)
        self._errors.clear()
        return found


def _chunks(file: Path, reading: Reading, log: ReadLog) -> Iterator[list[OutputRow]]:
    source = text_source(file, reading.options)
    return read_chunks(source, reading.keep, log, most_texts=reading.partition_rows)


def _groups(chunks: Iterator[list[OutputRow]], partition_rows: int) -> Iterator[list[list[OutputRow]]]:
    size = max(1, -(-partition_rows // MOST_TEXTS))
    while group := list(islice(chunks, size)):
        yield group
