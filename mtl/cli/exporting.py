"""`export`: a model written for another tool."""

from pathlib import Path

from mtl.cli.console import err, need_writable, out, write_json
from mtl.exports import export


def export_command(checkpoint: str, folder: Path, json_file: Path | None, *, format_: str) -> None:
    """Write the folder, and say what its format cannot hold."""
    if json_file is not None:
        need_writable(json_file)
    done = export(checkpoint, folder, format=format_)
    for note in done.notes:
        err.print(f"note: {note}", markup=False)
    out.print(f"{done.format}: {len(done.files)} files, {done.size / 1e6:.1f} MB: {folder}", markup=False)
    if json_file is not None:
        content = {"format": done.format, "files": done.files, "bytes": done.size, "notes": done.notes}
        write_json(json_file, content)
