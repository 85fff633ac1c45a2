"""`push`: a checkpoint uploaded to the Hub."""

from pathlib import Path

from mtl.cli.console import err, need_writable, out, write_json
from mtl.pushing import PushOptions, push


def push_command(checkpoint: str, repository: str, options: PushOptions, json_file: Path | None) -> None:
    """Upload, and print the address of the page and how the model is loaded."""
    if json_file is not None:
        need_writable(json_file)
    pushed = push(checkpoint, repository, options, on_step=lambda step: err.print(step, markup=False))
    out.print(f"{pushed.files} files: {pushed.url}", markup=False, soft_wrap=True)
    out.print(f'mtl.Engine.load("{repository}") loads it.', markup=False, soft_wrap=True)
    if json_file is not None:
        write_json(json_file, {"url": pushed.url, "files": pushed.files})
