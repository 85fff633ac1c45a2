import pytest
import torch

from mtl.device import best_device
from mtl.errors import InputError
from mtl.inference.options import BackendName, EngineOptions


def test_the_device_can_be_named(monkeypatch):
    monkeypatch.setenv("MTL_DEVICE", "cpu")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert best_device() == torch.device("cpu")


@pytest.mark.parametrize("name", ["gpu", "cuda:99", "-1", "é"])
def test_a_device_that_is_not_there_is_one_sentence(monkeypatch, name):
    monkeypatch.setenv("MTL_DEVICE", name)
    with pytest.raises(InputError, match="MTL_DEVICE is .* expected a device of this machine"):
        best_device()


@pytest.mark.parametrize("name", ["gpu", "cuda:", "cuda:99x", " cpu", "meta", "cpu:7", "-1", "é", "🙂"])
def test_no_engine_is_opened_for_a_name_of_no_device_whatever_would_run_it(monkeypatch, name):
    monkeypatch.setenv("MTL_DEVICE", name)
    for backend in ("auto", "openvino", "torch"):
        with pytest.raises(InputError, match="MTL_DEVICE is .* expected a device of this machine"):
            EngineOptions.parse(precision="auto", backend=backend, long_texts=None)


def test_only_torch_computes_elsewhere_than_on_the_processor(monkeypatch):
    monkeypatch.setenv("MTL_DEVICE", "cuda:1")
    assert EngineOptions.parse(precision="auto", backend="auto", long_texts=None).backend is BackendName.TORCH
    with pytest.raises(InputError, match="the backend torch was expected for MTL_DEVICE=cuda:1, was 'openvino'"):
        EngineOptions.parse(precision="auto", backend="openvino", long_texts=None)
