"""Offsets of spans that other programs count in UTF-16 units or in bytes, told by all spans of a file."""

from collections import Counter
from dataclasses import dataclass
from enum import StrEnum

from mtl.text.splitting import is_inside_word

_LEAST = 3  # spans that one unit cuts and another does not
_WRONG, _RIGHT = 0.6, 0.1  # shares of spans that cut words, of a unit that is not and of one that is the file's


class OffsetUnit(StrEnum):
    """What offsets count."""

    CHARACTERS = "characters"
    UTF16 = "UTF-16 units"
    BYTES = "bytes"


_ENCODINGS = {OffsetUnit.UTF16: ("utf-16-le", 2), OffsetUnit.BYTES: ("utf-8", 1)}


@dataclass(frozen=True, slots=True)
class RawSpan:
    """A span as a file gives it: the text, two offsets, and the words that it says it covers, if it says them."""

    text: str
    start: int
    end: int
    surface: str | None = None
    usual: OffsetUnit = OffsetUnit.CHARACTERS
    """What the program counts that wrote the file, where that is known."""


class UnitVotes:
    """Tells from the spans of a file what their offsets count; spans are given one at a time and not kept."""

    def __init__(self) -> None:
        self._usual: OffsetUnit | None = None
        self._named: Counter[OffsetUnit] = Counter()
        self._differing: set[OffsetUnit] = set()
        self._cut: dict[OffsetUnit, Counter[tuple[bool, bool]]] = {unit: Counter() for unit in _ENCODINGS}

    def add(self, span: RawSpan) -> None:
        """Count one span; only those behind a character that another unit counts more than once say anything."""
        if span.text.isascii():
            return
        self._differing.update(unit for unit in _ENCODINGS if unit not in self._differing and _differs(span, unit))
        if span.surface:
            self._usual = self._usual or span.usual
            self._named.update(unit for unit in OffsetUnit if _surface(span, unit) == span.surface)
        elif self._usual is None:
            for unit, cut in self._cut.items():
                if _differs(span, unit):
                    cut[_cuts(span, OffsetUnit.CHARACTERS), _cuts(span, unit)] += 1

    @property
    def unit(self) -> OffsetUnit:
        """Characters, unless these cut words throughout and another unit does not.

        Spans that name the words they cover decide alone; where several units fit, what the program usually counts.
        """
        if self._usual is not None:
            usual = self._usual
            units = sorted(OffsetUnit, key=lambda unit: unit is not usual)
            unit = max(units, key=lambda unit: self._named[unit])  # the first of equals
            return unit if unit in self._differing else OffsetUnit.CHARACTERS
        for unit, cut in self._cut.items():
            wrong, right = (sum(n for key, n in cut.items() if key[i]) for i in (0, 1))
            gained = cut[True, False]
            if gained >= _LEAST and wrong >= _WRONG * cut.total() and right <= _RIGHT * cut.total():
                return unit
        return OffsetUnit.CHARACTERS


def to_characters(text: str, offset: int, unit: OffsetUnit) -> int | None:
    """An offset in characters, or None where it lies inside of one or outside of the text."""
    if unit is OffsetUnit.CHARACTERS:
        return offset if 0 <= offset <= len(text) else None
    encoding, size = _ENCODINGS[unit]
    encoded = text.encode(encoding, "surrogatepass")
    if not 0 <= offset * size <= len(encoded):
        return None
    try:
        return len(encoded[: offset * size].decode(encoding, "strict"))
    except UnicodeDecodeError:
        return None


def from_characters(text: str, offset: int, unit: OffsetUnit) -> int:
    """An offset in characters in another unit."""
    if unit is OffsetUnit.CHARACTERS:
        return offset
    encoding, size = _ENCODINGS[unit]
    return len(text[:offset].encode(encoding, "surrogatepass")) // size


def _range(span: RawSpan, unit: OffsetUnit) -> tuple[int, int] | None:
    start, end = to_characters(span.text, span.start, unit), to_characters(span.text, span.end, unit)
    return None if start is None or end is None or start >= end else (start, end)


def _surface(span: RawSpan, unit: OffsetUnit) -> str | None:
    found = _range(span, unit)
    return None if found is None else span.text[slice(*found)]


def _differs(span: RawSpan, unit: OffsetUnit) -> bool:
    return _range(span, unit) != _range(span, OffsetUnit.CHARACTERS)


def _cuts(span: RawSpan, unit: OffsetUnit) -> bool:
    """Whether a span ends inside a word or a character, or with white space, or lies outside of the text."""
    found = _range(span, unit)
    if found is None:
        return True
    start, end = found
    text = span.text
    return text[start].isspace() or text[end - 1].isspace() or is_inside_word(text, start) or is_inside_word(text, end)
