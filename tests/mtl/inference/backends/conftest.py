"""Tiny models of every architecture, exported once for all tests of a process."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from mtl.inference.backends.exporting import export
from mtl.inference.backends.graph import Graph
from mtl.model import MultiTaskModel
from tests.mtl.inference.engines import model_of


@dataclass(frozen=True)
class Exported:
    """A model and the folder of its graph, in which nothing else is to be written."""

    model: MultiTaskModel
    folder: Path


@pytest.fixture(scope="package")
def exported(
    backbone_folder: Callable[[str], Path], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Exported]:
    made: dict[str, Exported] = {}

    def get(architecture: str) -> Exported:
        if architecture not in made:
            model, folder = model_of(backbone_folder(architecture)).model, tmp_path_factory.mktemp(architecture)
            export(Graph(model), folder)
            made[architecture] = Exported(model, folder)
        return made[architecture]

    return get
