"""The first sheet of an Excel workbook, its first row as the header."""

import datetime
import io
import json
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from xml.etree.ElementTree import ParseError
from zipfile import BadZipFile, ZipFile

from mtl.data.examples import Example
from mtl.data.formats.delimited import distinct
from mtl.data.formats.interface import Format, Source
from mtl.data.place import Place, ReadLog, Row
from mtl.data.writing import record_of
from mtl.errors import DataError, InputError
from mtl.memory import need_memory

if TYPE_CHECKING:
    from openpyxl.worksheet._write_only import WriteOnlyWorksheet

_MOST_CHARACTERS = 32_767

_DAMAGE = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BadZipFile,
    EOFError,
    LookupError,
    OSError,
    ParseError,
    RuntimeError,
    TypeError,
    ValueError,
    zlib.error,
)
"""What openpyxl and zipfile raise over parts of a workbook that are cut, damaged, encrypted or of another kind."""


def read_excel(source: Source, log: ReadLog) -> Iterator[Row]:
    """The rows below the first one that is not empty; whole numbers are numbers, dates are written out.

    Raises:
        DataError: the file is no workbook, or it says that it needs more memory than there may be.
    """
    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with ZipFile(source.path) as parts:
            need_memory(sum(part.file_size for part in parts.infolist()), source.path)
        book = load_workbook(source.path, read_only=True, data_only=True)
    except (*_DAMAGE, InvalidFileException) as error:
        raise DataError("an Excel workbook was expected, it cannot be read as one", path=source.path) from error
    try:
        sheets = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"] or book.worksheets
        if len(sheets) > 1:
            log.note(f"{source.path.name}: only the first sheet ({sheets[0].title}) of {len(sheets)} is read")
        names: list[str] = []
        for number, cells in enumerate(sheets[0].iter_rows(values_only=True), start=1):
            if all(value is None for value in cells):
                continue
            if not names:
                names = distinct(["" if value is None else str(value).strip() for value in cells])
                continue
            yield Row(
                Place(source.path, f"row {number}"),
                dict(zip(names, map(_plain, cells), strict=False)),
                Place(source.path),
            )
    except _DAMAGE as error:
        raise DataError("an Excel workbook was expected, its first sheet is damaged", path=source.path) from error
    finally:
        book.close()
    if not names:
        raise DataError("a header was expected, the first sheet is empty", path=source.path)


def _plain(value: object) -> object:
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _write(path: Path, examples: Sequence[Example], log: ReadLog) -> None:
    """One sheet; no cell is a formula.

    Raises:
        InputError: a value has a control character, or is longer than a cell.
    """
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.utils.exceptions import IllegalCharacterError

    records = [record_of(example) for example in examples]
    columns = list(dict.fromkeys(name for record in records for name in record))
    whole = io.BytesIO()  # a zip file that cannot be written tells of it a second time when it is forgotten
    with _sheet(whole) as sheet:
        sheet.append(columns)
        for number, record in enumerate(records, start=2):
            cells = []
            for name in columns:
                value = record.get(name)
                value = json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value
                if isinstance(value, str) and len(value) > _MOST_CHARACTERS:
                    raise InputError(f"a cell holds {_MOST_CHARACTERS:,} characters, {name} of row {number} has more")
                if isinstance(value, str) and "\r" in value:
                    log.leave_out_of("carriage returns are not kept")
                try:
                    cell = WriteOnlyCell(sheet, value)
                except IllegalCharacterError as error:
                    raise InputError(f"no control characters were expected, {name} of row {number} has one") from error
                if isinstance(value, str):
                    cell.data_type = "s"
                cells.append(cell)
            sheet.append(cells)
    path.write_bytes(whole.getbuffer())


@contextmanager
def _sheet(whole: io.BytesIO) -> Iterator["WriteOnlyWorksheet"]:
    """The sheet of a workbook that is written in the end, or forgotten with its temporary file after an error."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    sheet = book.create_sheet()
    try:
        yield sheet
        book.save(whole)
    except BaseException:
        if (writer := sheet._writer) is not None:
            for unfinished in (sheet, writer):  # openpyxl keeps both, and a copy of the texts, as long as the process
                with suppress(Exception):
                    unfinished.close()
            Path(writer.out).unlink(missing_ok=True)
        raise


EXCEL = Format(
    "xlsx", "the first sheet of an Excel workbook", lambda s: s.head.startswith(b"PK\x03\x04"), read_excel, _write
)
