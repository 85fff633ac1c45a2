"""Summaries in a checkpoint: one file, with the centres of each task as a tensor and the limits as metadata."""

import json
import math
import os
from collections.abc import Collection, Mapping
from contextlib import suppress
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from mtl.errors import CheckpointError
from mtl.json_text import parse_json
from mtl.outside.summary import Summary

SUMMARIES_FILE = "outside.safetensors"
_LIMITS = "limits"


def write_summaries(folder: Path, summaries: Mapping[str, Summary]) -> None:
    """Put the summaries by task into a checkpoint, whole or not at all; none leave no file.

    Raises:
        OSError: there is no room; what was there stays.
    """
    file = folder / SUMMARIES_FILE
    if not summaries:
        file.unlink(missing_ok=True)
        return
    limits = json.dumps({name: one.limit for name, one in summaries.items()})
    content = save({name: one.centres for name, one in summaries.items()}, metadata={_LIMITS: limits})
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        fresh.write_bytes(content)
        fresh.replace(file)
    except OSError:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise


def read_summaries(folder: Path, *, tasks: Collection[str], dimension: int) -> dict[str, Summary]:
    """The summaries of a checkpoint by task; none where it has no file, as those of older versions.

    Args:
        folder: of the checkpoint.
        tasks: that it has.
        dimension: H, the numbers of an embedding.

    Raises:
        CheckpointError: the file is damaged, or of another model.
    """
    file = folder / SUMMARIES_FILE
    if not file.is_file():
        return {}
    try:
        with safe_open(file, "np") as tensors:
            limits = parse_json((tensors.metadata() or {})[_LIMITS])
            found = {
                name: Summary(tensors.get_tensor(name), float(limits[name]))
                for name in tensors.keys()  # noqa: SIM118
            }
    except (OSError, SafetensorError, ValueError, LookupError, TypeError) as error:
        raise CheckpointError("readable summaries of training texts were expected", path=file) from error
    for name, one in found.items():
        if name not in tasks:
            raise CheckpointError(f"summaries of the tasks {', '.join(tasks)} were expected, was {name}", path=file)
        if not _is_sound(one, dimension):
            expected = f"{name}: finite centres of {dimension} numbers in float16 and a finite limit were expected"
            raise CheckpointError(expected, path=file)
    return {name: found[name] for name in tasks if name in found}


def _is_sound(summary: Summary, dimension: int) -> bool:
    centres = summary.centres
    has_shape = centres.dtype == np.float16 and centres.ndim == 2 and len(centres) > 0
    fits = has_shape and centres.shape[1] == dimension and bool(np.isfinite(centres).all())
    return fits and math.isfinite(summary.limit)
