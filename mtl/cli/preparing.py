"""`prepare`: a model made ready for this machine."""

from pathlib import Path

from mtl.cli.console import err, need_writable, out, write_json
from mtl.inference import Engine
from mtl.inference.source import find_model


def prepare_command(checkpoint: str, json_file: Path | None, *, precision: str, backend: str) -> None:
    """Load the model, which prepares it, and say what it will run with."""
    if json_file is not None:
        need_writable(json_file)
    find_model(checkpoint)
    import torch  # noqa: F401 - where it is in memory, the model is prepared here and not in another process

    choice = Engine.load(checkpoint, precision=precision, backend=backend).choice
    for note in choice.notes:
        err.print(f"note: {note}", markup=False)
    out.print(f"{choice.backend}, {choice.precision}: {choice.reason}", markup=False)
    if json_file is not None:
        found = {"backend": choice.backend, "precision": choice.precision, "reason": choice.reason}
        write_json(json_file, found | {"notes": list(choice.notes)})
