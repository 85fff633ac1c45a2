import pytest

from mtl.labelling import LabelHint, ProjectKind, ProjectSpec

TEXTS = (
    "The cup final ended three to one.",
    "A night train to Lisbon.",
    "The striker is injured.",
    "Hotels by the sea.",
)


@pytest.fixture(autouse=True)
def fresh_home(tmp_path, monkeypatch):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))


@pytest.fixture
def spec():
    return ProjectSpec("topic", ProjectKind.CLASSES, (LabelHint("sports"), LabelHint("travel", "trains and hotels")))
