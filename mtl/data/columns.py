"""Which column of a table is the text, the label and so on: named by the user, else guessed and said."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import regex

from mtl.recipe.choices import TaskKind
from mtl.text.splitting import is_unspaced

ROLES: Mapping[TaskKind, tuple[str, ...]] = {
    TaskKind.CLASSIFICATION: ("text", "label"),
    TaskKind.TAGGING: (),
    TaskKind.SIMILARITY: ("sentence1", "sentence2", "score"),
}
"""The columns that a table needs for each kind of task; a tagging file has several forms."""
FURTHER_ROLES: Mapping[TaskKind, tuple[str, ...]] = {
    TaskKind.CLASSIFICATION: (),
    TaskKind.TAGGING: (),
    TaskKind.SIMILARITY: ("negative",),
}
"""The columns that a table may have beside them; one with a negative needs no score."""
SPARED_ROLES = ("score", "negative")
"""The columns that a table of pairs may do without."""
SET_ROLES = ("text", "labels")
"""The columns of a multi-label task; without the second one, each label has a column of 0 and 1."""
USUAL: Mapping[str, tuple[str, ...]] = {
    "text": ("text", "sentence", "content", "review", "utterance", "comment", "message", "body", "question", "title"),
    "label": ("label", "class", "category", "intent", "topic", "sentiment", "target", "y", "labels"),
    "labels": ("labels", "label", "tags", "classes", "categories", "topics"),
    "sentence1": ("sentence1", "sentence_a", "text1", "first", "premise", "anchor", "query", "question1"),
    "sentence2": ("sentence2", "sentence_b", "text2", "second", "hypothesis", "positive", "answer", "question2"),
    "score": ("score", "similarity", "similarity_score", "label", "rating"),
    "negative": ("negative", "hard_negative"),
}
_TEXTS = ("text", "sentence1", "sentence2")
_WORD = regex.compile(r"\p{L}{2,}")
_WORDS = 2  # of a text, on average
_CHARACTERS = 6  # of a text in a script without spaces, on average


def needed(wanted: Sequence[str], optional: Collection[str], columns: Collection[str]) -> tuple[str, ...]:
    """The roles that every row of a file with these columns must have; pairs with negatives need no score."""
    spared = {*optional, *(("score",) if "negative" in columns else ())}
    return tuple(role for role in wanted if role in columns or role not in spared)


def guess(roles: Sequence[str], columns: Sequence[str], rows: Sequence[Mapping[str, Any]] = ()) -> dict[str, str]:
    """The columns that are likely meant, without those of which nothing says so.

    A column of a usual name comes first, unless it is to be a text and holds none; then a text is the column of the
    longest texts, and never one of ids or numbers. Of triplets a column such as `label` is no score, and pairs with a
    column `score` have no negatives.
    """
    found: dict[str, str] = {}
    lower = {name.strip().lower(): name for name in reversed(columns)}
    for role in roles:
        usual = [lower[name] for name in USUAL.get(role, (role,)) if name in lower]
        free = [name for name in usual if name not in found.values()]
        if role in _TEXTS and rows:
            left = [name for name in columns if name not in found.values()]
            free = [name for name in free if name == role or _letters(rows, name) > 0]
            free = free or [name for name in sorted(left, key=lambda n: -_letters(rows, n)) if _is_text(rows, name)]
        if free:
            found[role] = free[0]
    if {"score", "negative"} <= found.keys():
        del found["negative" if "score" in columns else "score"]
    return found


def _strings(rows: Sequence[Mapping[str, Any]], name: str) -> list[str]:
    return [row[name] for row in rows if isinstance(row.get(name), str)]


def _letters(rows: Sequence[Mapping[str, Any]], name: str) -> float:
    """Characters of words in a value, on average."""
    return sum(len("".join(_WORD.findall(value))) for value in _strings(rows, name)) / max(len(rows), 1)


def _is_text(rows: Sequence[Mapping[str, Any]], name: str) -> bool:
    values = _strings(rows, name)
    words = sum(len(_WORD.findall(value)) for value in values)
    unspaced = sum(is_unspaced(character) for value in values for character in value)
    has_words = " " in "".join(values) and words >= _WORDS * len(values)
    return bool(values) and (has_words or unspaced >= _CHARACTERS * len(values))
