"""The prepared files of all models together stay within their bytes."""

import os
from pathlib import Path

import pytest

from mtl.inference.autotune import store
from mtl.inference.autotune.store import PreparedFolder


def prepared(name: str, size: int, *, used: int) -> PreparedFolder:
    """A folder with a file of so many bytes, last used at a time in seconds since 1970."""
    folder = PreparedFolder(name)
    folder.add(lambda fresh: (fresh / "graph.bin").write_bytes(bytes(size)))
    os.utime(folder.path, (used, used))
    return folder


@pytest.mark.parametrize(("size", "kept"), [(100, "abc"), (300, "bc"), (301, "c"), (500, "c"), (501, ""), (5000, "")])
def test_the_models_used_least_recently_go_and_the_new_one_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int, kept: str
):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    others = {name: prepared(name, 200, used=used) for used, name in enumerate("abc")}
    monkeypatch.setattr(store, "_MOST_BYTES", 700)
    new = prepared("new", size, used=9)
    assert (new.path / "graph.bin").stat().st_size == size
    assert "".join(name for name, folder in others.items() if folder.path.exists()) == kept
