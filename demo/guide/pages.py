"""The pages of the guide: Markdown files in `demo/guide/`, in the order in which one would read them."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_FOLDER = Path(__file__).parent


class Page(StrEnum):
    """The pages by the name of their file."""

    POOLING = "pooling"
    HEADS = "heads"
    FREEZING = "freezing"
    BACKBONE = "backbone"
    TRAINING = "training"
    MEASURING = "measuring"


@dataclass(frozen=True, slots=True)
class Text:
    """A page's title and its Markdown below the title."""

    title: str
    body: str


def read_page(page: Page) -> Text:
    """The text of a page; its first line is the title."""
    head, _, body = (_FOLDER / f"{page}.md").read_text(encoding="utf-8").partition("\n")
    return Text(head.removeprefix("# ").strip(), body.strip())
