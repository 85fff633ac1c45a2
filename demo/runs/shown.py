"""Text as the page shows it: base names instead of the paths of this machine."""

import re
import tempfile
from pathlib import Path

from mtl.errors import MtlError
from mtl.runs import home

PROJECT = Path(__file__).resolve().parents[2]
_FOLDERS = re.compile(r"(?:(?<![\w./:<])|(?<=\\n))/(?:[^\s/:;,'\"<>]+/)+")
"""The folders of an absolute path, not of an address on the web."""


def sentence_of(error: MtlError) -> str:
    """An error in one sentence, with the base name of the file that it is about."""
    return shown(error.sentence(lambda path: Path(path).name if Path(path).is_absolute() else path))


def shown(text: str) -> str:
    """The text with base names instead of absolute paths, which may have blanks below the folders of this page."""
    for folder in (home(), Path(tempfile.gettempdir()), PROJECT, Path.home()):
        for place in {str(folder), str(folder.resolve())} - {"/"}:
            text = re.sub(rf"{re.escape(place)}/(?:[^\s:;,'\"/]+/)*", "", text)
    return _FOLDERS.sub("", text)
