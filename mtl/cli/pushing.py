"""`push`: a checkpoint uploaded to the Hub."""

from mtl.cli.console import out
from mtl.pushing import PushOptions, push


def push_command(checkpoint: str, repository: str, options: PushOptions) -> None:
    """Upload, and print the address of the page and how the model is loaded."""
    pushed = push(checkpoint, repository, options)
    out.print(f"{pushed.files} files: {pushed.url}", markup=False, soft_wrap=True)
    out.print(f'mtl.Engine.load("{repository}") loads it.', markup=False, soft_wrap=True)
