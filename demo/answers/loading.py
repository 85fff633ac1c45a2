"""Models as the page loads them: prepared where torch is in memory, so that only the first of them waits for it."""

from pathlib import Path

from demo.answers.passes import Model
from demo.runs import fork_server
from demo.runs.commands import Command, Work
from mtl.errors import RunError
from mtl.inference import Engine
from mtl.inference.loading import prepare_in_subprocess
from mtl.inference.source import STARTER
from mtl.user_path import user_path

_PATIENCE = 60.0  # seconds for a child, whose priority is the lowest: on a busy machine it may never come to its end


def load(name: str) -> Model:
    """Load a model by its folder, `starter` or its Hub id; errors as `Engine.load`."""
    return Engine.load(name, prepare=_prepare)


def _prepare(name: str, precision: str, backend: str) -> None:
    """In a child that begins with torch in memory where one can be forked now, else in a process of its own."""
    folder = user_path(name)
    forks = fork_server.SERVER.is_ready and name != STARTER and folder.is_dir()
    if not (forks and _is_settled_in_child(folder, precision, backend)):
        prepare_in_subprocess(name, precision, backend)


def _is_settled_in_child(folder: Path, precision: str, backend: str) -> bool:
    """Whether a child has prepared it, or cannot because of the model, which is told by whoever loads it afterwards."""
    arguments = ("prepare", str(folder.resolve()), "--precision", precision, "--backend", backend)
    command = None
    try:
        command = Command(arguments, work=Work.TORCH)
        command.answer(seconds=_PATIENCE)
    except (RunError, OSError):
        return command is not None and command.status == 1  # otherwise it was not begun, or did not come to its end
    return True
