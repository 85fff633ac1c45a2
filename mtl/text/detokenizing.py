"""The words of tokenised corpora joined to the text that a person would have typed."""

from collections.abc import Sequence

import regex

from mtl.text.splitting import is_unspaced, split_words
from mtl.text.words import Span, WordedText

_NO_SPACE_BEFORE = frozenset(".,!?;:%)]}…’”»") | frozenset({"...", "..", "!!", "??", "?!", "!!!", "???"})
_NO_SPACE_AFTER = frozenset("([{$£€#@“‘«")
_CONTRACTIONS = frozenset({"n't", "n’t", "'s", "’s", "'re", "’re", "'ve", "’ve", "'ll", "’ll", "'d", "’d", "'m", "’m"})
_EAST_ASIAN = regex.compile(
    r"[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{Bopomofo}\u3000-\u303f\uff01-\uff60\uffe0-\uffe6]"
)
_LETTER = regex.compile(r"[\p{L}\p{N}]")


def detokenize(words: Sequence[str]) -> WordedText:
    """Join the words of a tokenised corpus, and say where each one went.

    Punctuation closes up to its neighbour, contractions to their stem, and straight double quotes alternate between
    opening and closing. Words of scripts that are written without spaces get none between them; a Chinese or Japanese
    text has none around its words of other scripts either.
    """
    parts: list[str] = []
    spans: list[Span] = []
    position = 0
    glue = True
    quote_open = False
    east_asian = _is_east_asian(words)
    for i, word in enumerate(words):
        closes = word in _NO_SPACE_BEFORE or word.lower() in _CONTRACTIONS or (word == '"' and quote_open)
        if not (glue or closes or _is_written_together(words[i - 1], word, east_asian=east_asian)):
            parts.append(" ")
            position += 1
        parts.append(word)
        spans.append(Span(position, position + len(word)))
        position += len(word)
        glue = word in _NO_SPACE_AFTER or (word == '"' and not quote_open)
        if word == '"':
            quote_open = not quote_open
    return WordedText("".join(parts), tuple(spans))


def placed(words: Sequence[str], text: str) -> WordedText | None:
    """The words where they stand in their original text, None if more than white space would be left between them."""
    spans: list[Span] = []
    end = 0
    for word in words:
        start = text.find(word, end)
        if start < 0 or split_words(text[end:start]):
            return None
        end = start + len(word)
        spans.append(Span(start, end))
    return None if split_words(text[end:]) else WordedText(text, tuple(spans))


def _is_east_asian(words: Sequence[str]) -> bool:
    """Whether at least half of the words that have letters begin with a Chinese or Japanese one."""
    lettered = [word for word in words if _LETTER.match(word[:1])]
    return any(map(_EAST_ASIAN.match, lettered)) and 2 * sum(bool(_EAST_ASIAN.match(w)) for w in lettered) >= len(
        lettered
    )


def _is_written_together(before: str, after: str, *, east_asian: bool) -> bool:
    """Whether two neighbours have no space between them, whatever they are but their scripts."""
    first, second = before[-1], after[0]
    if east_asian and (_EAST_ASIAN.match(first) or _EAST_ASIAN.match(second)):
        return True
    return _ends_unspaced(before) and is_unspaced(second)


def _ends_unspaced(word: str) -> bool:
    """Whether the last letter of a word, marks aside, is of a script without spaces."""
    base = next((c for c in reversed(word) if not regex.match(r"\p{M}", c)), "")
    return bool(base) and is_unspaced(base)
