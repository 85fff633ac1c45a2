"""Where backbones that are folders were seen on this machine, by the sha256 of their weights.

A checkpoint names such a backbone by its own name and its sha256 alone: a path is nobody else's business, and means
nothing on another machine. The paths are kept under `$MTL_HOME/backbones`.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from mtl.home import home
from mtl.runs.folder import replace_file

_KEPT = 8  # folders with the same weights


def remember(folder: Path, sha256: str) -> None:
    """Note where a backbone is; a disk that takes nothing more only means that it has to be named again."""
    file = _file(sha256)
    before = _lines(file)
    if before[:1] == [str(folder)]:
        return
    lines = [str(folder), *(line for line in before if line != str(folder))][:_KEPT]
    with contextlib.suppress(OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(file, "\n".join(lines))


def recall(sha256: str) -> Iterator[Path]:
    """Folders that had these weights and are still there, the one seen last first."""
    yield from (Path(line) for line in _lines(_file(sha256)) if Path(line).is_dir())


def _file(sha256: str) -> Path:
    return home() / "backbones" / sha256


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return []
