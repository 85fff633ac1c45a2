"""The texts of a new project: those of the box, or of a file whose first lines the box shows."""

from demo.inputs.text_input import Sentences
from demo.settings import Settings
from mtl.errors import InputError
from mtl.labelling import LONGEST_TEXT
from mtl.text import clean


def texts_to_label(box: str | None, file: Sentences | None, settings: Settings, *, of_file: int = 0) -> tuple[str, ...]:
    """The lines of the box; where it still has lines of a longer file, those and the rest of the file.

    Args:
        box: its content.
        file: what was uploaded last, with all its texts.
        settings: a box may have as much as a file.
        of_file: how many texts the page says that a file has which the box shows in part; else 0.

    Raises:
        InputError: there is nothing, it is too much, or the server has forgotten the file.
    """
    lines = lines_to_label(box, settings)
    known = 0 if file is None else len(file.texts)
    if of_file > known:
        raise InputError(
            f"The server no longer has the {of_file:,} texts of the file. Upload it again, or reload the page."
        )
    if file is None:
        return lines
    shown = file.shown.split("\n")
    return lines + file.texts[len(shown) :] if set(lines) & set(shown) else lines


def lines_to_label(box: str | None, settings: Settings) -> tuple[str, ...]:
    """The lines of a box that are not blank.

    Raises:
        InputError: there is none, they are too many, or they are more than a file may have.
    """
    megabytes = len(box or "") / 1e6
    if megabytes > settings.max_upload_mb:
        came = f"were {megabytes:.1f} MB"
        raise InputError(f"Texts of at most {settings.max_upload_mb:g} MB were expected, {came}.")
    lines = tuple(line.strip() for line in clean(box or "").splitlines() if line.strip())
    if not lines:
        raise InputError("Paste texts to label, one per line, or upload a file.")
    if len(lines) > settings.max_label_texts:
        raise InputError(f"At most {settings.max_label_texts:,} texts were expected, were {len(lines):,}.")
    return lines


def need_short(file: Sentences, name: str) -> None:
    """Refuse a file with a text that is too long for a card.

    Raises:
        InputError: there is one.
    """
    for row, text in enumerate(file.texts, start=1):
        if len(text) > LONGEST_TEXT:
            raise InputError(
                f"texts of at most {LONGEST_TEXT:,} characters were expected, text {row:,} has {len(text):,}", path=name
            )
