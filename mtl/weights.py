"""Tensors written to a safetensors file."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError

if TYPE_CHECKING:
    from torch import Tensor


def save_weights(tensors: Mapping[str, "Tensor"], file: Path, *, metadata: Mapping[str, str] | None = None) -> None:
    """Write a file, in PyTorch's layout of each tensor.

    Raises:
        OSError: the file cannot be written; safetensors itself gives what the system says as text only.
    """
    from safetensors.torch import save_file

    try:
        save_file(dict(tensors), file, metadata=None if metadata is None else dict(metadata))
    except SafetensorError as error:
        number = re.search(r"os error (\d+)", str(error))
        if number is None:
            raise
        code = int(number[1])
        raise OSError(code, os.strerror(code), str(file)) from error
