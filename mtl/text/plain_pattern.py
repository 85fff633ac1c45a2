r"""The pattern of words for the standard library's `re`, which knows no properties of characters.

Each class of characters is written out as its ranges and `\X` as the rules of Unicode's text segmentation (UAX #29) for
an emoji, so that a program without the library `regex` finds the same words.
"""

import sys
from functools import cache
from itertools import chain

import regex

from mtl.recipe.choices import WordSplitting
from mtl.text.splitting import CHARACTER_CLASSES, PATTERNS

_SURROGATES = range(0xD800, 0xE000)
_FLAG, _PICTURE, _JOINER = r"\p{Regional_Indicator}", r"\p{Extended_Pictographic}", "\u200d"
_EXTENDS, _FOLLOWS = r"\p{Grapheme_Cluster_Break=Extend}", r"[\p{Grapheme_Cluster_Break=SpacingMark}\u200d]"
_ESCAPED = frozenset(r"\[]^-")


@cache
def plain_pattern(splitting: WordSplitting) -> str:
    """What `split_words` finds, as a pattern for `re`; a run that `icu` would split by dictionary is one match."""
    pattern = PATTERNS[splitting].replace(r"\X", _whole_emoji())
    for one in sorted(CHARACTER_CLASSES, key=len, reverse=True):
        pattern = pattern.replace(one, _ranges(one))
    return pattern


def _whole_emoji() -> str:
    flag, picture, extends = _ranges(_FLAG), _ranges(_PICTURE), _ranges(_EXTENDS)
    follows = f"(?:{extends}|{_ranges(_FOLLOWS)})*"
    return f"(?:(?:{flag}{flag}|{flag}|{picture}(?:{extends}*{_JOINER}{picture})*){follows})"


@cache
def _ranges(character_class: str) -> str:
    """A class of `regex` as one of plain characters."""
    codes = chain(range(_SURROGATES.start), range(_SURROGATES.stop, sys.maxunicode + 1))
    found = regex.compile(f"{character_class}+", flags=regex.V1).finditer("".join(map(chr, codes)))
    return f"[{''.join(_range(match.group()) for match in found)}]"


def _range(run: str) -> str:
    first, last = (f"\\{end}" if end in _ESCAPED else end for end in (run[0], run[-1]))
    return first if len(run) == 1 else f"{first}-{last}"
