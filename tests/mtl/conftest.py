"""Models that many tests share, each built or loaded once."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from mtl.inference import Engine
from mtl.training import run_in_folder
from tests.mtl.recipes import recipe_of
from tests.tiny import EXACT, save_backbone

MINILM = "sentence-transformers/all-MiniLM-L6-v2"


@pytest.fixture(autouse=True, scope="package")
def one_thread():
    """Tiny models lose more by sharing their work between threads than they gain."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(autouse=True, scope="package")
def no_network():
    """Anything that would leave this machine fails at once."""

    connect = socket.socket.connect

    def connect_here(self: socket.socket, address: object) -> None:
        if self.family != getattr(socket, "AF_UNIX", None) and address[0] not in ("127.0.0.1", "::1", "localhost"):
            raise OSError(f"a test asked the network for {address}")
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_here)
        yield


@pytest.fixture(scope="package")
def backbone_folder(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a tiny random backbone by architecture."""
    built: dict[str, Path] = {}

    def folder(architecture: str) -> Path:
        if architecture not in built:
            built[architecture] = save_backbone(architecture, tmp_path_factory.mktemp("backbones") / architecture)
        return built[architecture]

    return folder


@pytest.fixture(scope="package")
def tiny_bert(backbone_folder: Callable[[str], Path]) -> Path:
    return backbone_folder("bert")


@pytest.fixture(scope="package")
def minilm() -> Engine:
    """The untouched default backbone."""
    return Engine.load(MINILM, **EXACT)


@pytest.fixture(scope="package")
def trained(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a tiny model with a task of every kind and decoder, trained for a few steps."""
    folder = tmp_path_factory.mktemp("runs") / "trained"
    recipe = recipe_of(
        tiny_bert,
        ("topic", "sentiment", "entities", "names", "similarity"),
        freezing={"preset": "last_layers", "layers": 1},
        sampling={"schedule": "round_robin"},
        budget={"epochs": 100, "max_steps": 15, "batch_tokens": 512},
    )
    for _ in run_in_folder(recipe, folder):
        pass
    return folder
