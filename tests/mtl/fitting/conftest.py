from pathlib import Path

import pytest

from mtl.inference import Engine
from tests.tiny import EXACT


@pytest.fixture(scope="package")
def engine(tiny_bert: Path) -> Engine:
    """A bare backbone that reads long texts in windows."""
    return Engine.load(tiny_bert, **{**EXACT, "long_texts": "windows"})
