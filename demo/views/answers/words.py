"""The words of a sentence with their sub-words and tags, as the heads met them."""

from collections.abc import Mapping, Sequence
from html import escape

from demo.palette import NEUTRAL, LabelColours
from demo.views.tables import Column, Html, table
from mtl.inference.analysis import Analysis, Entity
from mtl.inference.subwords import Subword
from mtl.text import Span, split_words

_MOST = 200
"""Words that are shown; the first ones."""


def word_table(analysis: Analysis, subwords: Sequence[Subword], colours: LabelColours) -> str:
    """A row for each word: its sub-words, and its BIO tag of every tagging task; special tokens are named below."""
    words = split_words(analysis.text)
    tags = {task: bio(words, found) for task, found in analysis.entities.items()}
    columns = [Column("no.", number=True), Column("word"), Column("sub-words"), *(Column(task) for task in tags)]
    rows: list[list[str | int | Html]] = []
    for number, word in enumerate(words[:_MOST]):
        own = [piece for piece in subwords if piece.start < word.end and word.start < piece.end]
        row: list[str | int | Html] = [number + 1, analysis.text[word.start : word.end], _pieces(own)]
        row += [_tag(of_task[number], colours) for of_task in tags.values()]
        rows.append(row)
    special = [piece.piece for piece in subwords if piece.start == piece.end]
    notes = [f"{len(words):,} words, {len(subwords):,} tokens, {len(special)} of them special: {' '.join(special)}"]
    if len(words) > _MOST:
        notes.append(f"the first {_MOST} words are shown")
    shown = table(columns, rows, caption="Words, sub-words and tags") if rows else ""
    return f'{shown}<p class="ph-note">{escape("; ".join(notes))}.</p>'


def bio(words: Sequence[Span], entities: Sequence[Entity]) -> list[str]:
    """The BIO tag of every word that these entities say."""
    tags = ["O"] * len(words)
    for entity in entities:
        inside = [i for i, word in enumerate(words) if entity["start"] <= word.start and word.end <= entity["end"]]
        for place, i in enumerate(inside):
            tags[i] = f"{'I' if place else 'B'}-{entity['entity_group']}"
    return tags


def _pieces(own: Sequence[Subword]) -> Html:
    if not own:
        return Html('<span class="ph-note">not read</span>')
    return Html(" ".join(f"<code>{escape(piece.piece)}</code>" for piece in own))


def _tag(tag: str, colours: Mapping[str, str]) -> Html:
    if tag == "O":
        return Html('<span class="ph-p">O</span>')
    colour = colours.get(tag[2:], NEUTRAL)
    return Html(f'<span class="ph-tag"><i style="background:{colour}"></i>{escape(tag)}</span>')
