"""How the command line speaks: progress on a terminal, plain lines elsewhere, errors in one line."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console

from mtl.errors import InputError, MtlError

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


def need_writable(target: Path) -> None:
    """Refuse an output file before the work is done for it.

    Raises:
        InputError: it is a folder, or its folder does not exist.
    """
    if target.is_dir():
        raise InputError("a file to write was expected, this is a folder", path=target)
    if not target.resolve().parent.is_dir():
        raise InputError(f"the folder {target.resolve().parent} does not exist", path=target)


def is_terminal() -> bool:
    """Whether somebody watches."""
    return sys.stderr.isatty()
