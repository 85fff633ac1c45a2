"""Models as the page loads them: prepared where torch is in memory, so that only the first of them waits for it."""

from contextlib import suppress

from demo.answers.passes import Model
from demo.runs import fork_server
from demo.runs.commands import Command, Work
from mtl.errors import RunError
from mtl.inference import Engine
from mtl.inference.loading import prepare_in_subprocess
from mtl.user_path import user_path

_SECONDS = 600.0


def load(name: str) -> Model:
    """Load a model by its folder, `starter` or its Hub id; errors as `Engine.load`."""
    return Engine.load(name, prepare=_prepare)


def _prepare(name: str, precision: str, backend: str) -> None:
    """In a child that begins with torch in memory where one can be forked now, else in a process of its own."""
    folder = user_path(name)
    if not (fork_server.SERVER.is_ready and folder.is_dir()):
        return prepare_in_subprocess(name, precision, backend)
    arguments = ("prepare", str(folder.resolve()), "--precision", precision, "--backend", backend)
    with suppress(RunError, OSError):  # whoever loads the model afterwards says what is wrong
        Command(arguments, work=Work.TORCH).answer(seconds=_SECONDS)
    return None
