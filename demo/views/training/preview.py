"""A preview of the first rows of an uploaded file."""

from collections.abc import Sequence
from html import escape

from demo import palette
from demo.inputs.columns import TablePreview
from demo.views.message import shorten
from demo.views.tables import Column, Html, table
from mtl.data import TaggedText

_LONGEST = 160


def table_preview(found: TablePreview) -> str:
    """The columns and first rows of a table."""
    columns = [Column(name[:40]) for name in found.columns]
    rows = [
        [Html(f'<span class="ph-clip">{escape(shorten(cell, _LONGEST))}</span>') for cell in row] for row in found.rows
    ]
    return table(columns, rows, caption="First rows of the file")


def tagged_preview(sentences: Sequence[TaggedText]) -> str:
    """The first sentences, with entities marked."""
    types = sorted({span.label for sentence in sentences for span in sentence.char_spans()})
    colours = palette.assign([types])
    return f'<div class="ph-card">{"".join(_marked(sentence, colours) for sentence in sentences)}</div>'


def _marked(sentence: TaggedText, colours: palette.LabelColours) -> str:
    pieces, position = [], 0
    for span in sentence.char_spans():
        pieces.append(escape(sentence.text[position : span.start]))
        pieces.append(
            f'<mark class="ph-entity" style="--entity:{colours[span.label]}">'
            f"{escape(sentence.text[span.start : span.end])}<b>{escape(span.label)}</b></mark>"
        )
        position = span.end
    pieces.append(escape(sentence.text[position:]))
    return f'<p class="ph-text">{"".join(pieces)}</p>'
