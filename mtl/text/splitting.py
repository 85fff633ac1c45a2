"""Words of raw text, in every script.

White space and signs separate words; a user handle (`@anna_b`) is one. Scripts that are written without spaces between
words (Chinese, Japanese, Thai, Lao, Khmer, Burmese) are split further, by default into characters, so that entities
inside of a run can be found. Characters that nobody sees (directional marks, zero-width spaces, soft hyphens, control
characters) are no words: they separate none and stand at the edge of none.
"""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import accumulate, pairwise

import numpy as np
import regex

from mtl.errors import InputError
from mtl.recipe.choices import WordSplitting
from mtl.text.words import Span, WordOffsets

_INVISIBLE = r"[\p{Default_Ignorable_Code_Point}\p{Cc}--\s]"
_UNSPACED = r"[[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{Bopomofo}\p{Line_Break=SA}]&&\p{L}]"
_MARK = rf"[\p{{M}}--{_INVISIBLE}]"
_CHARACTER = (
    rf"{_UNSPACED}(?:{_MARK}|[\u0e33\u0eb3\uff9e\uff9f]|(?<=[\u17d2\u1039]){_UNSPACED})*"  # stacked consonants too
)
_LETTER = rf"[\p{{L}}\p{{N}}\p{{M}}--{_UNSPACED}--{_INVISIBLE}]"
_ANY_LETTER = rf"[\p{{L}}\p{{N}}\p{{M}}--{_INVISIBLE}]"
_VISIBLE = rf"[\S--{_INVISIBLE}]"
_EMOJI = r"[\p{Extended_Pictographic}\p{Regional_Indicator}]"
_SIGN = rf"(?={_EMOJI})\X|{_VISIBLE}{_MARK}*"  # a whole emoji
CHARACTER_CLASSES = (_ANY_LETTER, _LETTER, _MARK, _UNSPACED, _VISIBLE, _EMOJI, _INVISIBLE)
"""All that stand in `PATTERNS`, in the syntax of the library `regex`; one may be part of another."""


def _run(letter: str) -> str:
    return rf"{letter}+(?:{_INVISIBLE}+{letter}+)*"


def _handle(letter: str) -> str:
    return rf"(?<!{letter})(?<!_)@{_run(f'(?:{letter}|_)')}"


def _pattern(letter: str, unspaced: str | None) -> str:
    return "|".join([_run(letter), *([unspaced] if unspaced else []), _handle(letter), _SIGN])


PATTERNS = {
    WordSplitting.CHARACTERS: _pattern(_LETTER, _CHARACTER),
    WordSplitting.ICU: _pattern(_LETTER, rf"(?P<run>(?:{_CHARACTER})+)"),
    WordSplitting.SPACES: _pattern(_ANY_LETTER, None),
}
"""Of a word, and for `icu` of a run of letters without spaces that a dictionary splits further."""
_PATTERNS = {splitting: regex.compile(pattern, flags=regex.V1) for splitting, pattern in PATTERNS.items()}
# Characters of which none is invisible, extends another one or is of such a script: the faster library splits them.
_IS_PLAIN = re.compile(r"[\t\n\r -~\u00a0-\u00ac\u00ae-\u02ff\u0370-\u0482\u048a-\u052f\u2010-\u2027\u2030-\u205e]*+")
_PLAIN = re.compile(r"[^\W_]+|(?<!\w)@\w+|[^\w\s]|_")
_HANDLE = regex.compile(_handle(_LETTER), flags=regex.V1)
_IS_UNSPACED = regex.compile(_UNSPACED, flags=regex.V1)
_IS_SPACE = regex.compile(r"\s", flags=regex.V1)
_IN_WORD = regex.compile(_ANY_LETTER, flags=regex.V1)
_EXTENDS = regex.compile(r"[\p{M}\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")


def split_words(text: str, splitting: WordSplitting = WordSplitting.CHARACTERS) -> tuple[Span, ...]:
    """The words of a text, in order and disjoint.

    Raises:
        InputError: the splitting needs a library that is not installed.
    """
    return tuple(Span(*found) for found in _bounds(text, splitting))


class SplitWords(Sequence[WordOffsets]):
    """The words of texts by `split_words`; those of a text are found when they are first read."""

    def __init__(self, texts: Sequence[str], splitting: WordSplitting = WordSplitting.CHARACTERS) -> None:
        self._texts = texts
        self._splitting = splitting
        self._words: list[WordOffsets | None] = [None] * len(texts)

    def __len__(self) -> int:
        return len(self._texts)

    def __getitem__(self, index: int) -> WordOffsets:  # type: ignore[override]
        words = self._words[index]
        if words is None:
            spans = _bounds(self._texts[index], self._splitting)
            words = self._words[index] = np.array(spans, dtype=np.int64).reshape(-1, 2)
        return words


def handles(text: str) -> tuple[Span, ...]:
    """The user handles in a text, such as `@anna_b`, each of which is a word of `split_words`."""
    return tuple(Span(*found.span()) for found in _HANDLE.finditer(text)) if "@" in text else ()


def is_space(character: str) -> bool:
    """Whether a character separates words; `str.isspace` has four separators of information more, which do not."""
    return _IS_SPACE.match(character) is not None


def is_unspaced(character: str) -> bool:
    """Whether a character is a letter of a script that is written without spaces between words."""
    return _IS_UNSPACED.match(character) is not None


def is_inside_word(text: str, at: int) -> bool:
    """Whether the place before character `at` lies inside of a word of `split_words`, or of a composed character."""
    if not 0 < at < len(text):
        return False
    before, after = text[at - 1], text[at]
    if _EXTENDS.match(after):
        return True
    if _IN_WORD.match(before) and _IN_WORD.match(after):
        return not (is_unspaced(before) or is_unspaced(after))
    handle = _HANDLE.match(text, text.rfind("@", 0, at)) if "@" in text[:at] else None
    return handle is not None and at < handle.end()


def trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    """A stretch of a text without white space and invisible characters at its edges; empty if there is nothing else."""
    words = _bounds(text[start:end], WordSplitting.SPACES)
    return (start + words[0][0], start + words[-1][1]) if words else (start, start)


def need_splitter(splitting: WordSplitting) -> None:
    """Make sure that the library of a splitting is installed.

    Raises:
        InputError: it is not.
    """
    if splitting is WordSplitting.ICU:
        _word_breaker()


def _bounds(text: str, splitting: WordSplitting) -> list[tuple[int, int]]:
    if _IS_PLAIN.fullmatch(text):
        return [match.span() for match in _PLAIN.finditer(text)]
    matches = _PATTERNS[splitting].finditer(text)
    if splitting is not WordSplitting.ICU:
        return [match.span() for match in matches]
    found: list[tuple[int, int]] = []
    for match in matches:
        begin = match.start()
        if match.lastgroup == "run":
            found += [(begin + start, begin + end) for start, end in _in_dictionary(match.group())]
        else:
            found.append(match.span())
    return found


def _in_dictionary(run: str) -> Iterable[tuple[int, int]]:
    """The words of a run of letters, by the dictionaries of ICU, which has one for all languages of a script."""
    ends = accumulate(map(len, _word_breaker()(run, "en")), initial=0)  # its offsets count UTF-16 units
    return pairwise(ends)


@cache
def _word_breaker() -> type:
    try:
        from icu4py.breakers import WordBreaker
    except ImportError as error:
        raise InputError("words: icu needs the library icu4py: pip install icu4py") from error
    breaker: type = WordBreaker
    return breaker
