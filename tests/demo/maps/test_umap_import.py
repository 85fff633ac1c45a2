import numpy as np
import pytest

from demo.maps import projection, umap_import
from demo.maps.projection import Projection, project
from demo.maps.umap_import import load_umap
from mtl.errors import StorageError

POINTS = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)


@pytest.fixture
def refusing(monkeypatch):
    """Numba finds no place for its kernels until it is told one."""
    from numba import config

    monkeypatch.setattr(config, "CACHE_DIR", "")

    def imported():
        if not config.CACHE_DIR:
            raise RuntimeError("cannot cache function: no locator available")
        return config.CACHE_DIR

    monkeypatch.setattr(umap_import, "_imported", imported)


def full(*_, **__):
    raise OSError(28, "No space left on device")


def test_kernels_go_to_a_temporary_folder_where_no_other_can_be_written(refusing, tmp_path, monkeypatch):
    monkeypatch.setattr(umap_import.tempfile, "tempdir", str(tmp_path))
    assert load_umap().startswith(str(tmp_path))


def test_without_any_folder_it_is_a_sentence(refusing, monkeypatch):
    monkeypatch.setattr(umap_import.tempfile, "mkdtemp", full)
    with pytest.raises(StorageError, match="UMAP needs a folder.*No space left"):
        load_umap()


def test_a_disk_that_is_full_while_kernels_are_compiled_is_a_sentence(monkeypatch):
    class Full:
        def __init__(self, **_):
            pass

        fit_transform = full

    monkeypatch.setattr(projection, "load_umap", lambda: Full)
    with pytest.raises(StorageError, match="UMAP needs room on the disk.*PCA needs none"):
        project(POINTS, Projection.UMAP)
    assert project(POINTS, Projection.PCA).shape == (20, 2)
