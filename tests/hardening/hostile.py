"""Small files that take much memory or time to read, made by the name of each."""

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from tests.hardening.extent import FULL

_MILLION = 1_000_000
_SHARE = 1.0 if FULL else 0.1
"""Of the rows that a file of 2 MB has room for."""


def zeros(path: Path) -> None:
    """A page that decompresses to gigabytes."""
    pq.write_table(pa.table({"text": ["\0" * 250 * _MILLION]}), path, compression="zstd", use_dictionary=False)


def dictionary(path: Path) -> None:
    """One long text that every row refers to."""
    values = pa.DictionaryArray.from_arrays(pa.array([0] * _MILLION, pa.int32()), pa.array(["a" * _MILLION]))
    pq.write_table(pa.table({"text": values}), path, compression="zstd")


def nulls(path: Path) -> None:
    """Rows without any byte."""
    pq.write_table(pa.table({"text": pa.nulls(int(_SHARE * 10) * _MILLION, pa.string())}), path, compression="zstd")


def shared_strings(path: Path) -> None:
    """A workbook whose texts expand."""
    from openpyxl import Workbook

    book = Workbook()
    book.active.append(["text"])
    book.active.append(["word"])
    buffer = io.BytesIO()
    book.save(buffer)
    with zipfile.ZipFile(buffer) as given, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        for name in given.namelist():
            content = given.read(name)
            if name.endswith("sharedStrings.xml"):
                content = content.replace(b"word", b"w" * 250 * _MILLION)
            made.writestr(name, content)


def zipped(path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("texts.csv", b"text\n" + b"a" * 10 * _MILLION)


def gzipped(path: Path) -> None:
    path.write_bytes(gzip.compress(b"text\n" + b"a" * 10 * _MILLION))


def brackets(path: Path) -> None:
    path.write_text("[" * 2 * _MILLION, encoding="utf-8")


def nested(path: Path) -> None:
    path.write_text('[{"text": "a", "b": ' + "[" * 900 + "]" * 900 + "}]", encoding="utf-8")


def nested_objects(path: Path) -> None:
    path.write_text('{"a":' * 300_000, encoding="utf-8")


def one_line(path: Path) -> None:
    path.write_text("text\n" + "word " * int(_SHARE * 400_000), encoding="utf-8")


def columns(path: Path) -> None:
    names = ",".join(f"c{i}" for i in range(100_000))
    path.write_text(f"text,{names}\nword,{'1,' * 99_999}1\n", encoding="utf-8")


def keys(path: Path) -> None:
    path.write_text(json.dumps({"text": "a", **{f"k{i}": i for i in range(100_000)}}) + "\n", encoding="utf-8")


def quote(path: Path) -> None:
    path.write_text('text,label\n"' + "word,a\n" * int(_SHARE * 280_000), encoding="utf-8")


def quotes(path: Path) -> None:
    path.write_text("text,label\n" + '"\n' * int(_SHARE * 900_000), encoding="utf-8")


def utf16(path: Path) -> None:
    path.write_bytes("\ufefftext\n".encode("utf-16-le") + b"\x3d\xd8" * 900_000)


def utf32(path: Path) -> None:
    path.write_bytes("\ufefftext\n".encode("utf-32-le") + b"\xff\xff\xff\x7f" * 450_000)


def rows(path: Path) -> None:
    path.write_text("text,label\n" + "ab,x\n" * int(_SHARE * 390_000), encoding="utf-8")


def lines(path: Path) -> None:
    path.write_text("\n" * int(_SHARE * 2 * _MILLION), encoding="utf-8")


def tags(path: Path) -> None:
    path.write_text("a\tO\n" * int(_SHARE * 490_000), encoding="utf-8")


HOSTILE: dict[str, Callable[[Path], None]] = {
    "zeros.parquet": zeros,
    "dictionary.parquet": dictionary,
    "nulls.parquet": nulls,
    "strings.xlsx": shared_strings,
    "zipped.csv": zipped,
    "gzipped.csv": gzipped,
    "brackets.json": brackets,
    "brackets.jsonl": brackets,
    "nested.json": nested,
    "objects.json": nested_objects,
    "line.txt": one_line,
    "line.csv": one_line,
    "columns.csv": columns,
    "keys.jsonl": keys,
    "quote.csv": quote,
    "quotes.csv": quotes,
    "utf16.csv": utf16,
    "utf32.csv": utf32,
    "rows.csv": rows,
    "lines.txt": lines,
    "tags.conll": tags,
}
