"""Commands called in this process."""

import contextlib
import io

from typer.testing import CliRunner, Result

from mtl.cli.app import app, main

LINES = ["Anna met Tom in Paris.", "  The 🙂 film was bad!  ", "New York"]


def call(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def wrong_call(*arguments: object) -> str:
    """The one line on standard error of a command that is called wrongly."""
    with contextlib.redirect_stderr(io.StringIO()) as stderr:
        assert main([str(argument) for argument in arguments]) == 1
    lines = stderr.getvalue().splitlines()
    assert len(lines) == 1, lines
    assert lines[0].startswith("error: ")
    return lines[0].removeprefix("error: ")


def succeed(*arguments: object) -> Result:
    result = call(*arguments)
    assert result.exit_code == 0, result.output
    return result


def complaint(*arguments: object) -> str:
    """The one line on standard error of a command that fails."""
    result = call(*arguments)
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit), repr(result.exception)
    lines = result.stderr.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("error: ")
    return lines[0].removeprefix("error: ")
