"""The application of a tiny random model, asked without a network."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from mtl.inference import Engine
from mtl.serving.app import build_app
from mtl.serving.limits import ServeLimits
from mtl.serving.model import ServedModel
from tests.mtl.inference.engines import engine_of


@pytest.fixture(scope="package")
def engine(tiny_bert: Path) -> Engine:
    return engine_of(tiny_bert)


@pytest.fixture(scope="package")
def serving(engine: Engine) -> Callable[..., TestClient]:
    """A client of an application with some limits and keys."""

    def client(*keys: str, model: object = None, **limits: float) -> TestClient:
        served = ServedModel(model or engine, "tiny", ServeLimits(**limits))
        return TestClient(build_app(served, keys=keys), raise_server_exceptions=False)

    return client


@pytest.fixture(scope="package")
def client(serving: Callable[..., TestClient]) -> Iterator[TestClient]:
    with serving() as one:
        yield one
