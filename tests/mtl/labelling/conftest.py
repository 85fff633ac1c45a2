from pathlib import Path

import pytest

from mtl.fitting import FitOptions, Stopping
from mtl.inference import Engine
from mtl.labelling import LabellingSession, ProjectSpec, create_project
from tests.tiny import EXACT


@pytest.fixture(scope="package")
def engine(tiny_bert: Path) -> Engine:
    """A bare backbone without meaning, that reads long texts in windows."""
    return Engine.load(tiny_bert, **{**EXACT, "long_texts": "windows"})


@pytest.fixture
def new_session(engine, tmp_path):
    """A session on a new project."""

    def make(texts, spec: ProjectSpec) -> LabellingSession:
        return LabellingSession.open(create_project(tmp_path, texts, spec), engine)

    return make


@pytest.fixture
def little_penalty(monkeypatch):
    """Vectors of a random encoder tell little, so that heads must lean on them."""
    for module in ("class_learner", "span_learner"):
        for name in ("INTERACTIVE", "_FRESH"):
            options = FitOptions(l2=0.02, stopping=Stopping(60))
            monkeypatch.setattr(f"mtl.labelling.{module}.{name}", options)
