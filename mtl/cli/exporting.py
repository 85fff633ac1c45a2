"""`export`: a model written for another tool."""

from pathlib import Path

from mtl.cli.console import err, out
from mtl.exports import export


def export_command(checkpoint: str, folder: Path, *, format_: str) -> None:
    """Write the folder, and say what its format cannot hold."""
    done = export(checkpoint, folder, format=format_)
    for note in done.notes:
        err.print(f"note: {note}", markup=False)
    out.print(f"{done.format}: {len(done.files)} files, {done.size / 1e6:.1f} MB: {folder}", markup=False)
