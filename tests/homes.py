"""Homes of programs that tests start."""

import os
from pathlib import Path


def share_engines(engines: Path, home: Path) -> None:
    """Let a fresh home have the prepared models of a folder, which take seconds to make anew for each program."""
    (home / "cache").mkdir(parents=True, exist_ok=True)
    if not (home / "cache" / "engines").exists():
        (home / "cache" / "engines").symlink_to(engines.resolve(), target_is_directory=True)


def home_beside(home: Path) -> Path:
    """A fresh home with the prepared models of this process."""
    share_engines(Path(os.environ["MTL_HOME"]) / "cache" / "engines", home)
    return home
