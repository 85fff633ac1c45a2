"""Cores that a process may use."""

from pathlib import Path

import psutil
import pytest

from mtl.inference.backends.cores import usable_cores


@pytest.mark.parametrize(("quota", "most"), [("100000 100000", 1), ("150000 100000", 1), ("50000 100000", 1)])
def test_a_containers_quota_is_honoured(tmp_path: Path, quota: str, most: int):
    (tmp_path / "cpu.max").write_text(quota)
    assert usable_cores(tmp_path / "cpu.max") == most


@pytest.mark.parametrize("quota", ["max 100000", "", None])
def test_without_a_quota_there_are_no_more_than_the_machine_has(tmp_path: Path, quota: str | None):
    if quota is not None:
        (tmp_path / "cpu.max").write_text(quota)
    assert 1 <= usable_cores(tmp_path / "cpu.max") <= psutil.cpu_count()
