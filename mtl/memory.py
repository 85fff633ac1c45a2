"""The memory of this process."""

import ctypes
import sys

from mtl.scratch import release_pages


def release_memory() -> None:
    """Give memory that is not needed now to the system: pages of mapped files, and what glibc keeps of freed arrays."""
    release_pages()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # musl has none
        if trim is not None:
            trim(0)
