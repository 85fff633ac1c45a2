"""Rows of a file of any format, with the columns that they must have."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import chain, islice

from mtl.data.columns import guess, needed
from mtl.data.formats import Source, read_records
from mtl.data.place import Place, ReadLog, Row
from mtl.errors import DataError
from mtl.text import detokenize

_PEEKED = 100


def read_rows(source: Source, log: ReadLog | None = None) -> Iterator[Row]:
    """The rows of a file, each of which has the wanted columns; others are kept.

    Where a wanted or optional column is missing and `log` keeps notes, another column that is likely meant takes its
    place, with a note.

    Raises:
        DataError: no format reads the file, it lacks a column, or a row is wrong and `log` refuses it.
    """
    may_guess = log is not None
    log = log or ReadLog()
    rows = map(_with_text, read_records(source, log)) if "text" in source.wanted else read_records(source, log)
    first = list(islice(rows, _PEEKED))
    columns = list(dict.fromkeys(name for row in first for name in row.values))
    guessed = _guessed(source, columns, first) if may_guess and first else {}
    for role, column in guessed.items():
        log.note(f"{source.path.name}: the column {column} is read as {role}")
    wanted = needed(source.wanted, source.optional, {*columns, *guessed})
    checked: Place | None = None
    for row in chain(first, rows):
        if guessed:
            row = replace(row, values={**row.values, **{role: row.values.get(c) for role, c in guessed.items()}})
        if row.header is not None and row.header is checked:
            yield row
            continue
        try:
            _need(row, source, wanted, guessed)
        except DataError as error:
            if row.header:
                raise
            log.bad(error)
            continue
        checked = row.header
        yield row


def _guessed(source: Source, columns: Sequence[str], rows: Sequence[Row]) -> dict[str, str]:
    """The column that takes the place of each missing one; none where one that is needed has none.

    Where only a score has none, the others have theirs, so that it alone is named as missing.
    """
    roles = tuple(dict.fromkeys((*source.wanted, *source.optional)))
    missing = [role for role in roles if role not in columns]
    likely = guess(roles, columns, [row.values for row in rows]) if missing else {}
    found = {role: likely[role] for role in missing if role in likely}
    known = {*columns, *found}
    return found if known.issuperset({*needed(source.wanted, source.optional, known)} - {"score"}) else {}


def _with_text(row: Row) -> Row:
    """A sentence of tokens with its text as a person would have typed it."""
    tokens = row.values.get("tokens")
    if "text" in row.values or not isinstance(tokens, list) or not all(isinstance(t, str) and t for t in tokens):
        return row
    return replace(row, values={**row.values, "text": detokenize(tokens).text})


def _need(row: Row, source: Source, columns: tuple[str, ...], guessed: Collection[str]) -> None:
    found, where = list(row.values), row.header or row.where
    repeated = [column for column in columns if f"{column} (2)" in found]
    if repeated:
        raise where.error(f"each column once was expected, {repeated[0]} is there more often", repeated[0])
    missing = [column for column in columns if column not in found]
    if missing:
        expected, lacks = ", ".join(source.wanted), " and ".join(missing)
        among = ", ".join([name for name in found if name not in guessed][:8]) or "none"
        are = "is" if len(missing) == 1 else "are"
        hint = "; pairs without scores train with loss: multiple_negatives" if missing == ["score"] else ""
        came = f"{lacks} {are} missing among {among}{hint}"
        raise where.error(f"the columns {expected} were expected, {came}", missing[0])
