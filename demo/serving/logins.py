"""The logins of `--auth`, `--auth-file` and `POLYHEAD_AUTH`."""

from collections.abc import Mapping
from pathlib import Path

from mtl.errors import InputError


def read_login(given: str | None, file: Path | None, environment: Mapping[str, str]) -> list[tuple[str, str]] | None:
    """Every user with the password; None if no login is required.

    Args:
        given: by the command line.
        file: with a login a line.
        environment: `POLYHEAD_AUTH` has a login a line.

    Raises:
        InputError: a login is not `USER:PASSWORD`, or the file cannot be read or has none.
    """
    lines = [given] if given is not None else []
    lines += environment.get("POLYHEAD_AUTH", "").splitlines()
    if file is not None:
        try:
            lines += (read := file.read_text(encoding="utf-8").splitlines())
        except (OSError, UnicodeDecodeError) as error:
            raise InputError("a file of logins in UTF-8 was expected", path=file) from error
        if not any(line.strip() for line in read):
            raise InputError("a USER:PASSWORD line was expected, the file has none", path=file)
    logins = [_login(line) for line in lines if line.strip() or line == given]
    return logins or None


def _login(line: str) -> tuple[str, str]:
    user, colon, password = line.partition(":")
    if not (user.strip() and colon and password):
        raise InputError("a login of the form USER:PASSWORD was expected")  # not shown: it may be a password
    return user.strip(), password
