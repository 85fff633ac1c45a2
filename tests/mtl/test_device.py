import pytest
import torch

from mtl.device import best_device
from mtl.errors import InputError


def test_the_device_can_be_named(monkeypatch):
    monkeypatch.setenv("MTL_DEVICE", "cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert best_device() == torch.device("cpu")


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "-1", "é"])
def test_a_device_that_is_not_there_is_one_sentence(monkeypatch, name):
    monkeypatch.setenv("MTL_DEVICE", name)
    with pytest.raises(InputError, match="MTL_DEVICE is .* expected a device of this machine"):
        best_device()
