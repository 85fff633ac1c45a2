"""The memory of this process."""

import ctypes
import sys
from pathlib import Path

from mtl.errors import DataError
from mtl.scratch import release_pages


def release_memory() -> None:
    """Give memory that is not needed now to the system: pages of mapped files, and what glibc keeps of freed arrays."""
    release_pages()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)


def memory_limit() -> int | None:
    """The bytes of data that this process may have, or None where nothing limits them."""
    if sys.platform == "win32":
        return None
    import resource

    soft = resource.getrlimit(resource.RLIMIT_DATA)[0]
    return None if soft == resource.RLIM_INFINITY else soft


def need_memory(size: int, path: Path) -> None:
    """Refuse what a file says to need before it is read.

    Args:
        size: bytes that a part of the file takes in memory.
        path: the file.

    Raises:
        DataError: this process may not have so much.
    """
    limit = memory_limit()
    if limit is not None and size > limit:
        message = f"content of at most {limit / 1e6:,.0f} MB when it is unpacked was expected, was {size / 1e6:,.0f} MB"
        raise DataError(message, path=path)
