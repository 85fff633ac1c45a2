"""A run that is stopped and killed in any order, anywhere, ends as one that was never interrupted."""

import os
import random
import signal
from pathlib import Path

import pytest

from mtl.recipe import Recipe
from mtl.runs import RunFolder, RunState, Saved, Step
from mtl.training import resume_in_folder, run_in_folder
from tests.mtl.processes import exit_code, start
from tests.mtl.training.test_resume import SECTIONS, Make, files_of, make, shown
from tests.tiers import slow_except

__all__ = ["make"]  # the fixture
WAYS = ("stop", "kill after a step", "kill after a checkpoint")


def drawn_recipe(make: Make, chance: random.Random) -> Recipe:
    evaluation = {
        "every": chance.choice([3, 4, 7]),
        "best": chance.choice(["topic", "mean", "guarded"]),
        "patience": chance.choice([2, 3, None]),
    }
    dtype = chance.choice(["float16", "float32"])
    return make(**{**SECTIONS[chance.choice(list(SECTIONS))], "evaluation": evaluation, "checkpoint": {"dtype": dtype}})


def go_until(recipe: Recipe, run: RunFolder, way: str, count: int) -> None:
    """Begin or go on, and end in one of the ways after so many steps, if the run has not come to its end before."""
    steps = 0
    for event in resume_in_folder(run.path) if run.path.exists() else run_in_folder(recipe, run.path):
        steps += isinstance(event, Step)
        if steps < count:
            continue
        if way == "stop":
            run.request_stop()
        elif isinstance(event, Saved if way == "kill after a checkpoint" else Step):
            os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("seed", slow_except(range(8), 0, 1))
def test_it_has_the_events_checkpoints_and_status_of_one_never_interrupted(make: Make, tmp_path: Path, seed: int):
    chance = random.Random(seed)
    recipe = drawn_recipe(make, chance)
    once, again = RunFolder(tmp_path / "once"), RunFolder(tmp_path / "again")
    list(run_in_folder(recipe, once.path))
    done = []
    while not done or (again.read_status().state is not RunState.FINISHED and len(done) < 5):
        done.append((chance.choice(WAYS), chance.randint(1, 6)))
        assert exit_code(start(go_until, recipe, again, *done[-1])) in (0, -signal.SIGKILL), done
    if again.read_status().state is not RunState.FINISHED:
        list(resume_in_folder(again.path))
    assert shown(again.events()) == shown(once.events()), done
    for part in ("best", "last"):
        assert files_of(again.path / part) == files_of(once.path / part), done
    ends = [(one.best_step, one.best_score, one.message) for one in (run.read_status() for run in (once, again))]
    assert ends[0] == ends[1], done
