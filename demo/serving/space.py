"""What a Hugging Face Space needs: a place for what must survive its sleep, and on ZeroGPU a declared function."""

import os
from collections.abc import Callable, MutableMapping
from importlib import import_module
from pathlib import Path

BUCKET = Path("/data")
"""Where a Space mounts a storage bucket."""


def use_bucket(environment: MutableMapping[str, str], bucket: Path = BUCKET) -> None:
    """Let a Space with a bucket that can be written keep its home there, unless `MTL_HOME` says otherwise."""
    if environment.get("SPACE_ID") and "MTL_HOME" not in environment and os.access(bucket, os.W_OK):
        environment["MTL_HOME"] = str(bucket / "polyhead")


def use_processor_on_zero_gpu(environment: MutableMapping[str, str]) -> None:
    """On ZeroGPU hardware, declare the function that it requires, and compute on the processor.

    ZeroGPU ends a Space that declares no function for its GPU, and hands the GPU to a fork of the server for each
    call. A pass over a sentence takes milliseconds, less than such a fork; so the declared function is never called.
    """
    if environment.get("SPACES_ZERO_GPU", "").lower() in {"1", "t", "true"}:
        environment["MTL_DEVICE"] = "cpu"
        declare: Callable[[Callable[[], None]], object] = import_module("spaces").GPU
        declare(_unused)


def _unused() -> None:
    """What ZeroGPU looks for."""
