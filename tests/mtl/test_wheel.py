"""What `pip install .` puts on a machine that has no checkout."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_PIP = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
_PROGRAM = """
import json, mtl
engine = mtl.Engine.load(backend="torch", precision="fp32")
(found,) = engine.classify(["The striker scored twice and the team won the match."])
print(json.dumps([mtl.__file__, max(found["topic"], key=found["topic"].get)]))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A wheel of a copy of the project: a build writes beside its sources."""
    folder = tmp_path_factory.mktemp("wheel")
    copy = folder / "project"
    shutil.copytree(ROOT / "mtl", copy / "mtl", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, copy)
    subprocess.run([*_PIP, "--wheel-dir", str(folder), str(copy)], check=True, stdin=subprocess.DEVNULL)
    (found,) = folder.glob("polyhead-*.whl")
    return found


def test_a_wheel_has_every_file_of_the_package_and_no_other(wheel: Path):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    files = {path.relative_to(ROOT) for path in (ROOT / "mtl").rglob("*") if path.is_file()}
    assert names == {path.as_posix() for path in files if "__pycache__" not in path.parts}
    assert {"mtl/starter/model.safetensors", "mtl/starter/README.md", "mtl/starter/sample/topic.jsonl"} <= names
    assert "mtl/starter/outside.safetensors" in names


def test_without_the_checkout_the_default_engine_answers(wheel: Path, tmp_path: Path):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")
    own = {"PYTHONPATH": str(tmp_path / "site"), "MTL_HOME": str(tmp_path / "home")}
    command = [sys.executable, "-c", _PROGRAM]
    found = subprocess.run(command, cwd=tmp_path, env={**os.environ, **own}, check=True, capture_output=True, text=True)
    file, topic = json.loads(found.stdout)
    assert Path(file) == tmp_path / "site" / "mtl" / "__init__.py"
    assert topic == "sports"
