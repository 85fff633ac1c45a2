"""The keys that clients of a server show."""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from pathlib import Path

from mtl.errors import InputError

VARIABLE = "POLYHEAD_API_KEY"


def read_keys(file: Path | None, environment: Mapping[str, str]) -> tuple[str, ...]:
    """Every key of a file, one a line, and that of the environment; none if no key is asked for.

    Raises:
        InputError: the file cannot be read or has none, or a key has other characters than a header can carry.
    """
    keys = environment.get(VARIABLE, "").split()
    if file is not None:
        try:
            found = file.read_text(encoding="utf-8").split()
        except (OSError, UnicodeDecodeError) as error:
            raise InputError("a file of keys in UTF-8 was expected", path=file) from error
        if not found:
            raise InputError("a key was expected, the file has none", path=file)
        keys += found
    if not all(key.isascii() and key.isprintable() for key in keys):
        raise InputError("keys of printable ASCII characters were expected", path=file)  # not shown: it is a secret
    return tuple(keys)


class Keys:
    """Compares what a client shows with every key, in a time that tells nothing about them."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._digests = [_digest(key) for key in keys]

    def admit(self, authorization: str | None) -> bool:
        """Whether a request may be answered: no key is asked for, or its `Authorization` header is `Bearer KEY`."""
        if not self._digests:
            return True
        scheme, _, shown = (authorization or "").partition(" ")
        digest = _digest(shown.strip())
        found = [hmac.compare_digest(digest, known) for known in self._digests]
        return any(found) and scheme.lower() == "bearer"


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()
