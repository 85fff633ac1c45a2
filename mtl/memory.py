"""The memory of this process."""

import ctypes
import sys


def release_memory() -> None:
    """Give memory that is free but held back to the system: glibc keeps what arrays of many sizes leave behind."""
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)
