"""An evaluation that was due when a stop cut it off is made when the run goes on."""

from collections.abc import Callable

import pytest

from mtl.recipe import Recipe
from mtl.runs import Evaluated, Event, RunFolder, RunState, Saved, Step
from mtl.training import resume_in_folder, run_in_folder, session
from tests.mtl.training.test_resume import EVERY, SECTIONS, STEPS, Make, Once, files_of, folder, make, once, shown
from tests.tiers import pairs

__all__ = ["folder", "make", "once"]  # the fixtures
WAYS = ("full", "lora", "lbfgs", "gradual", "probe_then_finetune")


@pytest.fixture
def cut_off(folder: RunFolder) -> Callable[..., None]:
    """Begins or goes on, and stops so that no evaluation of this step comes to its end."""

    def stop(recipe: Recipe, step: int) -> None:
        goes_on = folder.path.exists()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(session, "_LAST_EVALUATION", 0.0)
            for event in resume_in_folder(folder.path) if goes_on else run_in_folder(recipe, folder.path):
                if event.step == step:
                    folder.request_stop()
        assert folder.read_status().state is RunState.STOPPED
        assert step not in evaluated(folder)

    return stop


def evaluated(run: RunFolder) -> list[int]:
    return [event.step for event in run.events() if isinstance(event, Evaluated)]


def saved(run: RunFolder) -> list[tuple[int, str]]:
    return [(event.step, event.name) for event in run.events() if isinstance(event, Saved)]


def need_equal(once: RunFolder, again: RunFolder) -> None:
    """The same events, checkpoints and status."""
    assert evaluated(again) == evaluated(once)
    assert shown(again.events()) == shown(once.events())
    assert saved(again) == saved(once)
    for part in ("best", "last"):
        assert files_of(again.path / part) == files_of(once.path / part)
    ends = [
        (one.state, one.best_step, one.best_score, one.message) for one in map(RunFolder.read_status, (once, again))
    ]
    assert ends[0] == ends[1]


@pytest.mark.parametrize(("name", "steps"), pairs(WAYS, [(EVERY, EVERY, 2 * EVERY), (STEPS,)], every=2), ids=str)
def test_a_due_evaluation_that_a_stop_cuts_off_is_made_when_the_run_goes_on(
    make: Make, once: Once, cut_off, folder: RunFolder, name: str, steps: tuple[int, ...]
):
    evaluation = {"every": EVERY, "best": "topic", "gradient_cosine": name in ("gradual", "full")}
    recipe = make(**{**SECTIONS[name], "evaluation": evaluation})
    for step in steps:
        cut_off(recipe, step)
    list(resume_in_folder(folder.path))
    need_equal(once(recipe), folder)


def test_it_counts_against_patience(make: Make, once: Once, cut_off, folder: RunFolder):
    slow = {"backbone_lr": 1e-12, "head_lr": 1e-12}
    recipe = make(optimizer=slow, evaluation={"every": EVERY, "patience": 1})
    cut_off(recipe, EVERY)
    list(resume_in_folder(folder.path))
    need_equal(once(recipe), folder)
    assert evaluated(folder) == [0, EVERY]


@pytest.mark.slow
@pytest.mark.parametrize("left", [Evaluated, Saved, Step])
def test_it_is_made_once_also_where_the_run_ends_again_before_its_next_state(
    make: Make, once: Once, cut_off, folder: RunFolder, left: type[Event]
):
    recipe = make(evaluation={"every": EVERY, "best": "names"})
    whole = once(recipe)
    cut_off(recipe, EVERY)
    run = resume_in_folder(folder.path)
    assert next(event for event in run if isinstance(event, left))
    run.close()
    list(resume_in_folder(folder.path))
    need_equal(whole, folder)
