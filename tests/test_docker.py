"""The Dockerfile, read as the engine reads it: its sources, its commands, and who runs them."""

import json
import re
from fnmatch import fnmatch
from pathlib import Path

from mtl.cli.app import app

ROOT = Path(__file__).resolve().parents[1]


def _steps():
    """Instruction and rest of every step, lines joined."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [tuple(line.split(" ", 1)) for line in joined.splitlines()]


def _last(name):
    return [rest for instruction, rest in _steps() if instruction == name][-1]


def _ignored(path):
    """Whether the build does not see a path: the last rule that fits it or a folder above it decides."""
    parents = [path, *(str(one) for one in Path(path).parents if str(one) != ".")]
    ignored = False
    for rule in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = rule.removeprefix("!").removeprefix("**/")
        names = [Path(one).name for one in parents] if "**/" in rule else parents
        if any(fnmatch(name, pattern) for name in names):
            ignored = not rule.startswith("!")
    return ignored


def test_what_is_copied_is_there_and_seen_by_the_build():
    copied = [rest.split() for name, rest in _steps() if name == "COPY" and not rest.startswith("--from")]
    for *sources, _ in copied:
        for source in sources:
            assert (ROOT / source).exists() and not _ignored(source), source
    for path in (".git/config", ".venv/bin/python", "tests/tiny.py", "demo/page.py", "mtl/__pycache__/x.pyc"):
        assert _ignored(path), path
    for path in ("mtl/serving/app.py", "mtl/starter/model.safetensors"):
        assert not _ignored(path), path


def test_the_service_runs_without_root_from_a_slim_image_with_a_version():
    steps = _steps()
    images = [rest.split()[0] for name, rest in steps if name == "FROM"]
    assert all(re.fullmatch(r"python:3\.\d+-slim", image) for image in images)
    last = max(place for place, (name, _) in enumerate(steps) if name == "FROM")
    names = [name for name, _ in steps[last:]]
    assert names.index("USER") < names.index("ENTRYPOINT") and _last("USER") not in ("root", "0")
    assert f"useradd --create-home --uid 1000 {_last('USER')}" in [rest for name, rest in steps if name == "RUN"]


def test_its_command_and_its_health_check_fit_the_command_line():
    command = json.loads(_last("ENTRYPOINT")) + json.loads(_last("CMD"))
    assert command[:4] == ["python", "-m", "mtl", "serve"]
    from typer.main import get_command

    serve = get_command(app).commands["serve"]
    parsed = serve.make_context("serve", command[4:]).params
    assert parsed["checkpoint"] == "starter" and parsed["host"] == "0.0.0.0"
    assert str(parsed["port"]) == _last("EXPOSE")
    check = _last("HEALTHCHECK")
    assert f"http://127.0.0.1:{parsed['port']}/healthz" in check
    compile(json.loads(check[check.index("[") :])[2], "check", "exec")


def test_it_installs_the_pinned_versions_and_the_extras_that_exist():
    installs = " ".join(rest for name, rest in _steps() if name == "RUN")
    assert "--constraint requirements.txt" in installs and "torch==2.13.0" in installs
    extras = re.search(r'"\.\[([a-z,]+)\]"', installs).group(1).split(",")
    import tomllib

    known = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert set(extras) <= set(known) and "serve" in extras
