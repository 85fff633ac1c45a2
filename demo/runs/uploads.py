"""Uploaded files that runs need, and those that are too old."""

import re
import shutil
import time
from pathlib import Path

from demo.runs import queue
from demo.runs.run_store import top_folders
from demo.settings import Settings
from mtl.json_text import parse_json

_UPLOAD = re.compile(r"uploads[/\\]([0-9a-f]{24})\b")
_RECORD = "draft.json"


def delete_old_uploads(uploads: Path, settings: Settings) -> list[Path]:
    """Delete uploads that are older than this page keeps them; returns the rest.

    What a queued or live run reads stays, however old it is.
    """
    folders = [folder for folder in uploads.iterdir() if folder.is_dir()] if uploads.is_dir() else []
    if settings.kept_days is None:
        return folders
    limit = time.time() - 86400 * settings.kept_days
    old = [folder for folder in folders if _changed(folder) < limit]
    needed = _needed() if old else set()
    for folder in old:
        if folder.name not in needed:
            shutil.rmtree(folder, ignore_errors=True)
            folders.remove(folder)
    return folders


def uploaded_by(folder: Path) -> str:
    """The hash of the owner of an upload, empty if it is not known."""
    try:
        record = parse_json((folder / _RECORD).read_text(encoding="utf-8"))
        return str(record["owner"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _needed() -> set[str]:
    found: set[str] = set()
    for run in top_folders():
        if not (queue.is_waiting(run) or queue.is_starting(run) or run.is_held()):
            continue
        for file in (run.path / "request.yaml", run.recipe):
            try:
                found |= set(_UPLOAD.findall(file.read_text(encoding="utf-8", errors="replace")))
            except OSError:
                continue
    return found


def _changed(folder: Path) -> float:
    try:
        return max(place.stat().st_mtime for place in (folder, *folder.iterdir()))
    except OSError:
        return time.time()
