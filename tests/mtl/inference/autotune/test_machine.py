"""How much of its cores a process gets."""

from pathlib import Path

import pytest

from mtl.inference.autotune import machine


class Clock:
    """A thread that runs for a share of the time."""

    def __init__(self, share: float):
        self._share, self._passed = share, 0.0

    def perf_counter(self) -> float:
        self._passed += 0.001
        return self._passed

    def thread_time(self) -> float:
        return self._passed * self._share


@pytest.mark.parametrize("share", [0.25, 0.5, 1.0])
def test_the_share_is_the_time_that_a_thread_ran_of_that_which_passed(monkeypatch: pytest.MonkeyPatch, share: float):
    monkeypatch.setattr(machine, "usable_cores", lambda: 1)
    monkeypatch.setattr(machine, "time", Clock(share))
    assert machine.core_share() == pytest.approx(share, abs=0.05)


def test_every_usable_core_is_asked(monkeypatch: pytest.MonkeyPatch):
    shares = [1.0, 0.5, 0.3]
    monkeypatch.setattr(machine, "usable_cores", lambda: 3)
    monkeypatch.setattr(machine, "_thread_share", lambda: shares.pop())
    assert machine.core_share() == pytest.approx(0.6)
    assert not shares


def test_another_wish_is_another_key():
    assert len({machine.machine_key(wish) for wish in ("auto|auto", "fp32|auto", "auto|torch")}) == 3


def test_another_device_is_another_key(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.delenv("MTL_DEVICE", raising=False)
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    found = {machine.machine_key("auto|auto")}
    for name, value in (("MTL_DEVICE", "cpu"), ("MTL_DEVICE", "cuda:1"), ("CUDA_VISIBLE_DEVICES", "")):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            found.add(machine.machine_key("auto|auto"))
    (tmp_path / "0000:01:00.0").mkdir()
    monkeypatch.setattr(machine, "_GPUS", str(tmp_path))
    assert len(found | {machine.machine_key("auto|auto")}) == 5
