"""Weights in a file: what the system refuses is an error of the system."""

import errno
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from mtl import weights
from mtl.weights import save_weights

LIMITED = """
import resource, sys, torch
from pathlib import Path
from mtl.weights import save_weights
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, 10_000))
try:
    save_weights({"a": torch.zeros(100_000)}, Path(sys.argv[1]))
except OSError as error:
    print(error.errno, error.filename)
"""


def test_what_is_written_is_read(tmp_path: Path):
    save_weights({"a": torch.arange(3.0)}, tmp_path / "a.safetensors", metadata={"format": "pt"})
    assert load_file(tmp_path / "a.safetensors")["a"].tolist() == [0, 1, 2]


def test_a_file_that_grows_too_large_is_an_error_of_the_system(tmp_path: Path):
    file = tmp_path / "a.safetensors"
    found = subprocess.run([sys.executable, "-c", LIMITED, str(file)], capture_output=True, text=True, check=True)
    assert found.stdout.split() == [str(errno.EFBIG), str(file)]


def test_a_folder_that_is_not_there_is_one_too(tmp_path: Path):
    with pytest.raises(FileNotFoundError) as caught:
        save_weights({"a": torch.zeros(1)}, tmp_path / "none" / "a.safetensors")
    assert caught.value.filename == str(tmp_path / "none" / "a.safetensors")


def test_what_is_no_error_of_the_system_stays_what_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object, **__: object) -> None:
        raise SafetensorError("a header of another kind")

    monkeypatch.setattr("safetensors.torch.save_file", broken)
    with pytest.raises(SafetensorError, match="another kind"):
        weights.save_weights({"a": torch.zeros(1)}, tmp_path / "a.safetensors")
