"""What an export has written, and what of the model its format cannot hold."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ExportReport:
    """A finished export; `files` are relative to the folder, `notes` are sentences on what is not as in the model."""

    format: str
    folder: Path
    files: tuple[str, ...]
    size: int
    """Bytes of all files."""
    notes: tuple[str, ...]


class ExportLog:
    """Collects what a format cannot hold while it is written; each sentence once."""

    def __init__(self) -> None:
        self._notes: dict[str, None] = {}

    def note(self, sentence: str) -> None:
        """Say what the written folder lacks or does otherwise than the model."""
        self._notes[sentence] = None

    @property
    def notes(self) -> tuple[str, ...]:
        """All sentences, in their order."""
        return tuple(self._notes)
