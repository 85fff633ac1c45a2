"""Engines of every architecture."""

from collections.abc import Callable
from pathlib import Path

import pytest

from mtl.inference import Engine
from tests.mtl.inference.engines import engine_of


@pytest.fixture(scope="package")
def engines(backbone_folder: Callable[[str], Path]) -> Callable[[str], Engine]:
    made: dict[str, Engine] = {}

    def get(architecture: str) -> Engine:
        if architecture not in made:
            made[architecture] = engine_of(backbone_folder(architecture))
        return made[architecture]

    return get


@pytest.fixture(scope="package")
def cutting(backbone_folder: Callable[[str], Path]) -> Callable[[str], Engine]:
    """Engines that cut what is too long."""

    def get(architecture: str) -> Engine:
        return engine_of(backbone_folder(architecture), long_texts="cut")

    return get


@pytest.fixture(scope="package")
def engine(engines: Callable[[str], Engine]) -> Engine:
    return engines("bert")
