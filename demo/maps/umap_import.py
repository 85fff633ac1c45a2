"""UMAP, whose kernels numba compiles and keeps on disk, where that can be written or not."""

import tempfile
from typing import Any

from mtl.errors import StorageError


def load_umap() -> Any:  # noqa: ANN401
    """The class `UMAP`; numba refuses to be imported where neither the packages nor the user's folder can be written.

    Raises:
        StorageError: no folder at all can be written.
    """
    try:
        return _imported()
    except RuntimeError:  # no place for compiled kernels: one that lasts as long as this process has to do
        from numba import config

        try:
            config.CACHE_DIR = tempfile.mkdtemp(prefix="polyhead-numba-")  # type: ignore[attr-defined]
        except OSError as error:
            raise StorageError(f"UMAP needs a folder that can be written: {error.strerror}; PCA needs none") from error
        return _imported()


def _imported() -> Any:  # noqa: ANN401
    from umap import UMAP

    return UMAP
