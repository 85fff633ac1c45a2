"""`prepare`: a model made ready for this machine."""

from pathlib import Path

from mtl.cli.console import err, need_writable, out, write_json
from mtl.inference.loading import prepare


def prepare_command(checkpoint: str, json_file: Path | None, *, precision: str, backend: str) -> None:
    """Prepare the model, and say what it will run with."""
    if json_file is not None:
        need_writable(json_file)
    choice = prepare(checkpoint, precision=precision, backend=backend)
    for note in choice.notes:
        err.print(f"note: {note}", markup=False)
    out.print(f"{choice.backend}, {choice.precision}: {choice.reason}", markup=False)
    if json_file is not None:
        found = {"backend": choice.backend, "precision": choice.precision, "reason": choice.reason}
        write_json(json_file, found | {"notes": list(choice.notes)})
