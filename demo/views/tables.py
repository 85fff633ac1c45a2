"""HTML tables: numbers are aligned, text is escaped, wide tables scroll in their own box."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

Cell = str | float | int | None


@dataclass(frozen=True, slots=True)
class Html:
    """A piece of HTML that is already escaped."""

    markup: str


@dataclass(frozen=True, slots=True)
class Column:
    """The heading of a column, and whether its cells are numbers (aligned right, in tabular figures)."""

    title: str
    number: bool = False


def table(columns: Sequence[Column], rows: Sequence[Sequence[Cell | Html]], *, caption: str) -> str:
    """An HTML table; floats are shown with two decimals, None as a dash."""
    head = "".join(f'<th scope="col"{_kind(column)}>{escape(column.title)}</th>' for column in columns)
    body = "".join(
        "<tr>"
        + "".join(f"<td{_kind(column)}>{_cell(cell)}</td>" for column, cell in zip(columns, row, strict=True))
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="ph-table" tabindex="0" role="region" aria-label="{escape(caption)}"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def attribute(text: str) -> str:
    """Text for an attribute that a script reads back as it was: of a carriage return a browser makes a line feed."""
    return escape(text).replace("\r", "&#13;")


def _kind(column: Column) -> str:
    return ' class="ph-number"' if column.number else ""


def _cell(value: Cell | Html) -> str:
    if isinstance(value, Html):
        return value.markup
    if value is None:
        return "–"
    return f"{value:.2f}" if isinstance(value, float) else escape(str(value))
