"""How the command line speaks: progress on a terminal, plain lines elsewhere."""

import json
import os
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, TextColumn, TimeRemainingColumn

from mtl.disk import need_other_file, writing
from mtl.errors import InputError
from mtl.runs.folder import replace_file
from mtl.user_path import resolved

_IS_QUIET = int(os.environ.get("WORLD_SIZE") or 1) > 1 and os.environ.get("RANK") != "0"
"""Of several processes that share a run the main one speaks; it is told what went wrong in the others."""
out = Console(highlight=False, soft_wrap=True, quiet=_IS_QUIET)
err = Console(stderr=True, highlight=False, soft_wrap=True, quiet=_IS_QUIET)


def need_writable(target: Path, *sources: str | Path) -> None:
    """Refuse an output file before the work is done for it.

    Args:
        target: the file.
        sources: what the command reads, none of which it may replace.

    Raises:
        InputError: it is a folder, its folder does not exist, or it is one of the inputs.
    """
    need_other_file(target, *sources)
    if target.is_dir():
        raise InputError("a file to write was expected, this is a folder", path=target)
    folder = resolved(target).parent
    if not folder.is_dir():
        raise InputError(f"the folder {folder} does not exist", path=target)


def write_json(target: Path, content: object) -> None:
    """Write what a command found to the file that `--json` names.

    Raises:
        StorageError: the disk is full, or the file cannot be written for another reason.
    """
    text, file = json.dumps(content, indent=2) + "\n", resolved(target)
    with writing(target):
        if file.exists() and not file.is_file():  # such as /dev/stdout
            file.write_text(text, encoding="utf-8")
        else:
            replace_file(file, text)


def progress_bar(*further: ProgressColumn) -> Progress:
    """A bar with counts and the time left, then further columns; shown on a terminal only."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), *further)
    return Progress(*columns, console=err, disable=not is_terminal())


def is_terminal() -> bool:
    """Whether somebody watches."""
    return sys.stderr.isatty() and not _IS_QUIET
