"""The bytes of a file as lines of text: UTF-8, UTF-16, UTF-32 and Windows-1252, with any line ends."""

import codecs
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mtl.data.place import Place, ReadLog
from mtl.errors import DataError

_BLOCK = 1 << 20
HEAD = 1 << 16
"""Bytes of a file from which its encoding and format are told."""
_MARKS = (  # that of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_HIGH = re.compile(rb"([\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3})|[\x80-\xff]")
_NOT_WINDOWS = re.compile(rb"[\x00\x81\x8d\x8f\x90\x9d]")


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a text file is to be read; `mark` is the number of bytes of its byte-order mark, `end` its line end."""

    name: str
    mark: int
    end: str

    @property
    def note(self) -> str | None:
        """What the user should know of it."""
        return "it is not UTF-8, so it is read as Windows-1252 text" if self.name == "cp1252" else None


def read_head(path: Path) -> bytes:
    """The first bytes of a file.

    Raises:
        DataError: it cannot be read.
    """
    if path.is_fifo():  # it gives its bytes once, and they are read more than once
        raise DataError("a file was expected, this is a pipe", path=path)
    try:
        with path.open("rb") as file:
            return file.read(HEAD)
    except OSError as error:
        raise DataError(f"a readable file was expected: {error.strerror}", path=path) from error


def encoding_of(path: Path) -> Encoding:
    """How a text file is encoded: by its mark, its zero bytes, and whether all of it is UTF-8.

    A file that is not UTF-8 but for some lines is read as UTF-8, and those lines are reported by `read_lines`.

    Raises:
        DataError: it cannot be read.
    """
    head = read_head(path)
    name, mark = next(((name, len(m)) for m, name in _MARKS if head.startswith(m)), ("", 0))
    name = name or _utf16_without_mark(head) or ("utf-8" if not _is_windows(path) else "cp1252")
    text = head.decode(name, errors="replace")
    return Encoding(name, mark, "\r" if "\r" in text and "\n" not in text else "\n")


@dataclass(frozen=True, slots=True)
class Line:
    """A line with its end and its number from 1; of one with a problem the text is only about what stands there."""

    number: int
    text: str
    problem: DataError | None = None


def read_lines(path: Path, log: ReadLog | None = None, *, keep_ends: bool = False) -> Iterator[tuple[int, str]]:
    """Line numbers from 1 and lines of a text file, without their end unless `keep_ends`.

    Raises:
        DataError: the file cannot be read, or a line cannot be decoded or holds a NUL and `log` refuses it.
    """
    log = log or ReadLog()
    for line in read_all_lines(path, log):
        if line.problem is not None:
            log.bad(line.problem)
        else:
            yield line.number, line.text if keep_ends else line.text.rstrip("\r\n")


def read_all_lines(path: Path, log: ReadLog) -> Iterator[Line]:
    """The lines of a text file, those that cannot be read with what is wrong with them.

    Raises:
        DataError: the file cannot be read.
    """
    encoding = encoding_of(path)
    if encoding.note:
        log.note(f"{path.name}: {encoding.note}")
    is_wide = encoding.name.startswith(("utf-16", "utf-32"))
    for line in _wide_lines(path, encoding) if is_wide else _lines(path, encoding):
        if line.problem is None and "\0" in line.text:
            problem = Place(path, line.number).error("text was expected, was binary data")
            yield Line(line.number, line.text.replace("\0", "\ufffd"), problem)
        else:
            yield line


def _lines(path: Path, encoding: Encoding) -> Iterator[Line]:
    with path.open("rb") as file:
        file.seek(encoding.mark)
        for number, raw in enumerate(_cut(file, b"\r") if encoding.end == "\r" else file, start=1):
            try:
                yield Line(number, raw.decode(encoding.name))
            except UnicodeDecodeError as error:
                binary = b"\0" in raw
                reason = (
                    "text was expected, was binary data"
                    if binary
                    else f"UTF-8 text was expected, byte {error.start} is not"
                )
                text = raw.decode(encoding.name, errors="replace").replace("\0", "\ufffd")
                yield Line(number, text, Place(path, number).error(reason))


def _cut(file: object, end: bytes) -> Iterator[bytes]:
    rest = b""
    while block := file.read(_BLOCK):  # type: ignore[attr-defined]
        *lines, rest = (rest + block).split(end)
        yield from (line + end for line in lines)
    if rest:
        yield rest


def _wide_lines(path: Path, encoding: Encoding) -> Iterator[Line]:
    decoder = codecs.getincrementaldecoder(encoding.name)()
    number, rest = 0, ""
    with path.open("rb") as file:
        file.seek(encoding.mark)
        while True:
            block = file.read(_BLOCK)
            try:
                rest += decoder.decode(block, final=not block)
            except UnicodeDecodeError as error:
                name = encoding.name[:6].upper()
                raise Place(path, number + 1).error(f"{name} text was expected, some bytes are not") from error
            *lines, rest = rest.split(encoding.end)
            for line in lines:
                number += 1
                yield Line(number, line + encoding.end)
            if not block:
                break
    if rest:
        yield Line(number + 1, rest)


def _utf16_without_mark(head: bytes) -> str:
    """By the zero bytes that one half of each pair has in most texts of Latin letters."""
    if len(head) < 8 or (len(head) < HEAD and len(head) % 2):
        return ""
    pairs = len(head) // 2
    even, odd = head[0::2].count(0), head[1::2].count(0)
    if odd > 0.4 * pairs and even < 0.05 * pairs:
        return "utf-16-le"
    return "utf-16-be" if even > 0.4 * pairs and odd < 0.05 * pairs else ""


def _is_windows(path: Path) -> bool:
    """Whether a file is not UTF-8, has no byte that Windows-1252 lacks, and more lone high bytes than UTF-8 ones."""
    try:
        if _is_utf8(path):
            return False
        proper = lone = 0
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                if _NOT_WINDOWS.search(block):
                    return False
                for match in _HIGH.finditer(block):
                    proper, lone = proper + bool(match[1]), lone + (not match[1])
        return lone > proper
    except OSError as error:
        raise DataError(f"a readable file was expected: {error.strerror}", path=path) from error


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        while True:
            block = file.read(_BLOCK)
            try:
                decoder.decode(block, final=not block)
            except UnicodeDecodeError:
                return False
            if not block:
                return True
