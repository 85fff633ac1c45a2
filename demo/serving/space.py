"""Where a Hugging Face Space keeps what must survive its sleep."""

import os
from collections.abc import MutableMapping
from pathlib import Path

BUCKET = Path("/data")
"""Where a Space mounts a storage bucket."""


def use_bucket(environment: MutableMapping[str, str], bucket: Path = BUCKET) -> None:
    """Let a Space with a bucket that can be written keep its home there, unless `MTL_HOME` says otherwise."""
    if environment.get("SPACE_ID") and "MTL_HOME" not in environment and os.access(bucket, os.W_OK):
        environment["MTL_HOME"] = str(bucket / "polyhead")
