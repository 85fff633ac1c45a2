"""A page on which training is off, with a home that has runs, starts none, whatever is asked of it."""

from pathlib import Path

import pytest

from demo.inputs import drafts
from demo.runs import status_of
from demo.settings import Training
from demo.training.recipe_form import recipe_of
from mtl.errors import RunError
from mtl.recipe import Recipe
from mtl.runs import RunState
from tests.demo.fakes import settings
from tests.demo.training.test_recipe_form import FORM
from tests.hardening.running import ended, page, reaches


@pytest.fixture
def recipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Recipe:
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    return recipe_of(FORM, drafts.built_in(), settings())


def test_nothing_that_is_asked_starts_a_run_that_waits(recipe: Recipe):
    on = page()
    live, waiting = (on.start(recipe, owner="ann") for _ in range(2))
    reaches(live, RunState.RUNNING)
    on._turns.give = lambda: False  # that server is gone
    off = page(training=Training.OFF)
    off.rename(live.id, "ann", "a name")
    for refused in (
        lambda: off.start(recipe, owner="ann"),
        lambda: off.compare(recipe, ["full"], owner="ann"),
        lambda: off.resume(live.id, "ann"),
    ):
        with pytest.raises(RunError, match="switched off"):
            refused()
    off.stop(live.id, "ann")
    ended(live)
    off.delete(live.id, "ann")
    while off._turns.give():
        pass
    assert status_of(waiting).state is RunState.QUEUED
    again = page()
    reaches(waiting, RunState.RUNNING)
    again.stop(waiting.id, "ann")
    ended(waiting)
