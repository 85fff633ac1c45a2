"""Commands called in this process."""

import contextlib
import io
from dataclasses import dataclass

from mtl.cli.app import main

LINES = ["Anna met Tom in Paris.", "  The 🙂 film was bad!  ", "New York"]


@dataclass(frozen=True)
class Result:
    """What a command printed, and its exit status."""

    status: int
    stdout: str
    stderr: str


def call(*arguments: object) -> Result:
    with (
        contextlib.redirect_stdout(io.StringIO()) as stdout,
        contextlib.redirect_stderr(io.StringIO()) as stderr,
    ):
        status = main([str(argument) for argument in arguments])
    return Result(status, stdout.getvalue(), stderr.getvalue())


def succeed(*arguments: object) -> Result:
    result = call(*arguments)
    assert result.status == 0, result.stderr
    return result


def complaint(*arguments: object) -> str:
    """The one line on standard error of a command that fails, or is called wrongly."""
    result = call(*arguments)
    assert result.status == 1
    lines = result.stderr.splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("error: ")
    return lines[0].removeprefix("error: ")
