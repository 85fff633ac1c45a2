"""The page's temporary files: uploads on their way, exports and downloads, in a folder of this user alone."""

import os
import secrets
import tempfile
import time
from collections.abc import MutableMapping
from contextlib import suppress
from functools import cache
from pathlib import Path

from mtl.home import home

KEPT_SECONDS = 7200
"""Since the last change of a file."""


def temporary_folder() -> Path:
    """`$MTL_HOME/temporary`; a fresh folder of the system where that cannot be written."""
    folder = home() / "temporary"
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError:
        return _fresh()
    return folder if os.access(folder, os.W_OK) else _fresh()


def use_for_uploads(environment: MutableMapping[str, str]) -> None:
    """Let Gradio keep uploads here, not where every user of the machine can read them, and hand out what is here.

    What a server that was killed left behind is deleted.
    """
    environment["GRADIO_TEMP_DIR"] = str(temporary_folder())
    sweep()


def new_temporary_folder() -> Path:
    """An empty folder for files that a visitor downloads; what is older than `KEPT_SECONDS` is deleted first.

    Raises:
        OSError: it cannot be made.
    """
    sweep()
    folder = temporary_folder() / secrets.token_hex(16)  # who knows the address of a download can read it
    folder.mkdir(mode=0o700)
    return folder


def sweep() -> None:
    """Delete the files that are older than `KEPT_SECONDS`, and folders that are empty for as long."""
    limit = time.time() - KEPT_SECONDS
    for place, _, files in os.walk(temporary_folder(), topdown=False):
        for file in files:
            with suppress(OSError):
                if os.lstat(os.path.join(place, file)).st_mtime < limit:
                    os.remove(os.path.join(place, file))
        with suppress(OSError):
            if os.lstat(place).st_mtime < limit:
                os.rmdir(place)  # fails where something is in it


@cache
def _fresh() -> Path:
    return Path(tempfile.mkdtemp(prefix="polyhead-"))
