"""The words of a sentence with their sub-words and tags."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from html import escape

from demo.palette import NEUTRAL, LabelColours
from demo.views.tables import Column, Html, table
from mtl.inference.analysis import Analysis, Entity
from mtl.text import Span, split_words
from mtl.text.subwords import Subword, by_word

_MOST = 200
"""The number of words shown."""


def word_table(analysis: Analysis, subwords: Sequence[Subword], colours: LabelColours) -> str:
    """A row for each word with its sub-words and its BIO tag of every tagging task, and a note on special tokens."""
    words = split_words(analysis.text)
    seen = words[:_MOST]
    tags = {task: bio(seen, found) for task, found in analysis.entities.items()}
    columns = [Column("no.", number=True), Column("word"), Column("sub-words"), *(Column(task) for task in tags)]
    rows: list[list[str | int | Html]] = []
    for number, (word, own) in enumerate(zip(seen, by_word(seen, subwords), strict=True)):
        row: list[str | int | Html] = [number + 1, analysis.text[word.start : word.end], codes(own)]
        row += [_tag(of_task[number], colours) for of_task in tags.values()]
        rows.append(row)
    special = [piece.piece for piece in subwords if piece.start == piece.end]
    names = " ".join(dict.fromkeys(special))
    notes = [f"{len(words):,} words, {len(subwords):,} tokens, {len(special)} of them special: {names}"]
    if len(words) > _MOST:
        notes.append(f"the first {_MOST} words are shown")
    shown = table(columns, rows, caption="Words, sub-words and tags") if rows else ""
    return f'{shown}<p class="ph-note">{escape("; ".join(notes))}.</p>'


def bio(words: Sequence[Span], entities: Sequence[Entity]) -> list[str]:
    """The BIO tag of every word for these entities."""
    tags = ["O"] * len(words)
    starts = [word.start for word in words]
    for entity in entities:
        first = bisect_left(starts, entity["start"])
        for i in range(first, bisect_left(starts, entity["end"])):
            tags[i] = f"{'B' if i == first else 'I'}-{entity['entity_group']}"
    return tags


def codes(own: Sequence[Subword]) -> Html:
    """The sub-words of a word, as in the vocabulary."""
    if not own:
        return Html('<span class="ph-note">not read</span>')
    return Html(" ".join(f"<code>{escape(piece.piece)}</code>" for piece in own))


def _tag(tag: str, colours: Mapping[str, str]) -> Html:
    if tag == "O":
        return Html('<span class="ph-p">O</span>')
    colour = colours.get(tag[2:], NEUTRAL)
    return Html(f'<span class="ph-tag"><i style="background:{colour}"></i>{escape(tag)}</span>')
