"""How the command line speaks: progress on a terminal, plain lines elsewhere, errors in one line."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

from mtl.errors import MtlError

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False, soft_wrap=True)


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Turn an error that the user can mend into one line on standard error and exit status 1."""
    try:
        yield
    except MtlError as error:
        err.print(f"error: {error}", markup=False)
        raise typer.Exit(1) from error
    except KeyboardInterrupt as error:
        err.print("stopped")
        raise typer.Exit(1) from error


def is_terminal() -> bool:
    """Whether somebody watches."""
    return sys.stderr.isatty()
