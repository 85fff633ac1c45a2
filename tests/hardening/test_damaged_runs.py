"""One run that cannot be read hides no other: every file of it, damaged in every way."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from demo.inputs import drafts
from demo.runs.run_summary import summarize_run
from demo.runs.watching import Watcher
from demo.training.initial_models import initial_models
from demo.training.recipe_form import recipe_of
from demo.views.training.run_table import run_table
from mtl.recipe import Recipe
from mtl.runs import RunState
from tests.demo.fakes import settings
from tests.demo.training.test_recipe_form import FORM
from tests.hardening.running import ENDS, ended, page
from tests.tiers import pairs

FILES = (
    "owner",
    "address",
    "status.json",
    "request.yaml",
    "recipe.yaml",
    "events.jsonl",
    "log.txt",
    "lock",
    "name",
    "presets",
    "stop",
    "queued",
    "starting",
    "best",
)
DAMAGES: dict[str, Callable[[Path], object]] = {
    "empty": lambda file: file.write_bytes(b""),
    "half": lambda file: file.write_text('{"state": "running", "pid'),
    "binary": lambda file: file.write_bytes(b"\xff\xfe\x00\x80" * 50),
    "wrong types": lambda file: file.write_text('{"state": "running", "pid": [], "started": "x", "step": {}}'),
    "a list": lambda file: file.write_text("[" * 5_000),
    "a folder": lambda file: file.mkdir(),
    "a link to itself": lambda file: os.symlink(file, file),
}


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    return recipe_of(FORM, drafts.built_in(), settings())


@pytest.mark.parametrize(("name", "damage"), pairs(FILES, list(DAMAGES), every=3))
def test_a_damaged_run_hides_no_other_and_stops_nothing(recipe: Recipe, name: str, damage: str):
    runs = page(command=ENDS)
    good, bad = (runs.start(recipe, owner="ann") for _ in range(2))
    for folder in (good, bad):
        ended(folder)
    file = bad.path / name
    file.unlink(missing_ok=True)
    DAMAGES[damage](file)

    again = page(command=ENDS)
    listed = {info.id: info for info in again.runs("ann")}
    assert listed[good.id].state is RunState.DIED
    if name != "owner":  # without one it is nobody's
        assert bad.id in listed
    if name == "status.json":
        assert listed[bad.id].state is RunState.UNREADABLE
    watcher = Watcher()
    rows = [summarize_run(again.get(info.id, "ann"), info, watcher) for info in listed.values()]
    assert listed[good.id].title.split(" · ")[0] in run_table(rows, ticked=[], opened="")
    assert initial_models(again, "ann")
    third = again.start(recipe, owner="ann")
    assert ended(third).state is RunState.DIED
    again.resume(good.id, "ann")
    assert ended(good).state is RunState.DIED
    if bad.id in listed:
        again.delete(bad.id, "ann")
        assert not bad.path.exists()
