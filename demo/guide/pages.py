"""The pages of the guide: Markdown files in `demo/guide/`, in reading order."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

_FOLDER = Path(__file__).parent


class Page(StrEnum):
    """The pages, by file name."""

    POOLING = "pooling"
    HEADS = "heads"
    FREEZING = "freezing"
    BACKBONE = "backbone"
    LABELLING = "labelling"
    TRAINING = "training"
    MEASURING = "measuring"


@dataclass(frozen=True, slots=True)
class Text:
    """The title of a page, and its Markdown text."""

    title: str
    body: str


def read_page(page: Page) -> Text:
    """Read a page; the first line of the file is the title."""
    head, _, body = (_FOLDER / f"{page}.md").read_text(encoding="utf-8").partition("\n")
    return Text(head.removeprefix("# ").strip(), body.strip())
