"""A run that was interrupted and went on is, to the last bit, one that was never interrupted."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

import mtl
from mtl.checkpoint import read_config
from mtl.errors import RunError
from mtl.recipe import Recipe, Solver, dump, load
from mtl.runs import Evaluated, Event, Failed, Finished, Noticed, RunFolder, RunState, Saved, Started, Step, StopReason
from mtl.training import resume, resume_in_folder, run_in_folder, session
from mtl.training.solver import choose_solver
from tests.mtl.cli.calling import succeed
from tests.mtl.processes import exit_code, start
from tests.mtl.recipes import quick_recipe
from tests.mtl.training.seen import last
from tests.tiers import pairs, slow_except

ROOT = Path(__file__).parents[3]
STEPS, EVERY = 20, 4
SECTIONS: dict[str, dict[str, object]] = {
    "full": {"freezing": {"preset": "full"}},
    "last_layers": {"freezing": {"preset": "last_layers", "layers": 1}},
    "lora": {"freezing": {"preset": "lora", "rank": 2}},
    "gradual": {"freezing": {"preset": "gradual"}},  # stages of four steps: they begin where states are kept
    "probe_then_finetune": {"freezing": {"preset": "probe_then_finetune", "layers": 2, "probe": 0.4}},
    "uncertainty": {"freezing": {"preset": "full"}, "balancing": "uncertainty"},
    "micro-batches": {"budget": {"epochs": 1000, "max_steps": STEPS, "batch_tokens": 64, "micro_batch_tokens": 20}},
    "anchor": {"freezing": {"preset": "last_layers", "layers": 2}, "anchor": 1.0},
    "pairs": {"freezing": {"preset": "full"}, "tasks_pairs": {"head": {"loss": "multiple_negatives"}}},
    "lbfgs": {"freezing": {"preset": "heads_only"}, "solver": "lbfgs"},
}
Make = Callable[..., Recipe]
Once = Callable[[Recipe], RunFolder]


@pytest.fixture(scope="module")
def make(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Make:
    """A recipe of twenty steps with a state every four."""
    data = tmp_path_factory.mktemp("data")

    def make(**sections: object) -> Recipe:
        budget = {"epochs": 1000, "max_steps": STEPS, "batch_tokens": 64}
        return quick_recipe(tiny_bert, data, **{"budget": budget, "evaluation": {"every": EVERY}, **sections})

    return make


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path / "run")


_WHOLE: dict[str, list[tuple]] = {}


def whole(recipe: Recipe) -> list[tuple]:
    """What a run shows that is never interrupted."""
    key = dump(recipe)
    if key not in _WHOLE:
        _WHOLE[key] = shown(mtl.train(recipe))
    return _WHOLE[key]


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Recipe], RunFolder]:
    """The folder of a run that is never interrupted, by its recipe."""
    made: dict[str, RunFolder] = {}

    def run(recipe: Recipe) -> RunFolder:
        key = dump(recipe)
        if key not in made:
            made[key] = RunFolder(tmp_path_factory.mktemp("once") / "run")
            list(run_in_folder(recipe, made[key].path))
        return made[key]

    return run


def shown(events: Iterable[Event]) -> list[tuple]:
    """Losses, and evaluations but for their times, of all events in order."""
    return [
        (e.step, e.task, e.loss, e.learning_rate)
        if isinstance(e, Step)
        else (e.step, e.metrics, e.draws, e.losses, e.weights)
        for e in events
        if isinstance(e, Step | Evaluated)
    ]


def run_until(events: Iterator[Event], step: int) -> list[Event]:
    """Follow a run and leave it after a step."""
    found = [next(events)]
    while not (isinstance(found[-1], Step) and found[-1].step == step):
        found.append(next(events))
    events.close()
    return found


def stop_at(recipe: Recipe, folder: Path, step: int, *, goes_on: bool) -> list[Event]:
    """Begin or go on, and stop in order after a step."""
    found: list[Event] = []
    run = mtl.train(recipe, folder=folder, should_stop=lambda: bool(found) and found[-1].step == step, resume=goes_on)
    for event in run:
        found.append(event)
    assert (last(found).reason, last(found).step) == (StopReason.STOPPED, step)
    return found


def die_at(recipe: Recipe, folder: RunFolder, step: int, *, goes_on: bool) -> None:
    """In a child: begin or go on, and kill this process after a step."""
    events = resume_in_folder(folder.path) if goes_on else run_in_folder(recipe, folder.path)
    for event in events:
        if isinstance(event, Step) and event.step == step:
            os.kill(os.getpid(), signal.SIGKILL)


def killed(recipe: Recipe, folder: RunFolder, *steps: int) -> None:
    for i, step in enumerate(steps):
        assert exit_code(start(lambda s=step, i=i: die_at(recipe, folder, s, goes_on=i > 0))) == -signal.SIGKILL


@pytest.mark.parametrize("name", slow_except(SECTIONS, "full", "gradual", "lbfgs"))
def test_a_run_that_is_killed_twice_and_resumed_equals_one_never_interrupted(make: Make, folder: RunFolder, name: str):
    recipe = make(**SECTIONS[name])
    expected = whole(recipe)  # first, so that the children find everything imported
    killed(recipe, folder, 5, 14)  # after states at 4 and 12
    assert folder.read_status().state is RunState.DIED
    for _ in resume_in_folder(folder.path):
        pass
    assert shown(folder.events()) == expected
    assert folder.read_status().state is RunState.FINISHED


def steps(found: list[tuple]) -> list[tuple]:
    """Without evaluations: a stop measures once more."""
    return [event for event in found if isinstance(event[1], str)]


@pytest.mark.parametrize("name", slow_except(SECTIONS, "last_layers", "lora", "uncertainty", "micro-batches"))
def test_a_run_that_is_stopped_anywhere_and_resumed_has_the_losses_of_one_never_interrupted(
    make: Make, tmp_path: Path, name: str
):
    recipe = make(**SECTIONS[name])
    found = [event for i, step in enumerate((1, 8)) for event in stop_at(recipe, tmp_path, step, goes_on=i > 0)]
    found += mtl.train(recipe, folder=tmp_path, resume=True)
    assert steps(shown(found)) == steps(whole(recipe))


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


@pytest.mark.parametrize(
    ("name", "steps"), pairs(["full", "lora", "lbfgs", "gradual"], [(3,), (4,), (5, 6), (1, 1, 19)], every=4), ids=str
)
def test_a_run_that_is_stopped_and_resumed_has_the_checkpoints_and_events_of_one_never_interrupted(
    make: Make, once: Once, tmp_path: Path, name: str, steps: tuple[int, ...]
):
    """Also where the weights at a stop are better than those of any evaluation that was due."""
    recipe = make(**{**SECTIONS[name], "evaluation": {"every": EVERY, "best": "topic"}})
    whole, again = once(recipe), RunFolder(tmp_path / "again")
    for i, step in enumerate(steps):
        for event in resume_in_folder(again.path) if i else run_in_folder(recipe, again.path):
            if isinstance(event, Step) and event.step >= step:
                again.request_stop()
        assert again.read_status().state is RunState.STOPPED
        assert again.read_status().best_step == read_config(again.best).step
    list(resume_in_folder(again.path))
    assert shown(again.events()) == shown(whole.events())
    for part in ("best", "last"):
        assert files_of(again.path / part) == files_of(whole.path / part)
    status = again.read_status()
    assert (status.best_step, status.best_score) == (whole.read_status().best_step, whole.read_status().best_score)
    saved = [(e.step, e.name) for e in again.events() if isinstance(e, Saved)]
    assert saved == [(e.step, e.name) for e in whole.events() if isinstance(e, Saved)]


def test_the_best_of_a_stop_is_there_until_the_run_goes_on(make: Make, folder: RunFolder, monkeypatch):
    """An evaluation that only a stop made due finds the best; a run that goes on has the best from before."""
    scores = iter([0.2, 0.9, *[0.1] * 9])
    honest = session.CheckpointSelector.update
    found = []

    def update(self, step: int, metrics: dict[str, float]) -> bool:
        found.append(step)
        return honest(self, step, {**metrics, "eval/topic/accuracy": next(scores)})

    monkeypatch.setattr(session.CheckpointSelector, "update", update)
    recipe = make(evaluation={"every": EVERY, "best": "topic"})
    for event in run_in_folder(recipe, folder.path):
        if isinstance(event, Step) and event.step == 2:
            folder.request_stop()
    assert (read_config(folder.best).step, folder.read_status().best_step) == (2, 2)
    list(resume_in_folder(folder.path))
    assert (read_config(folder.best).step, folder.read_status().best_step) == (0, 0)
    assert found == [0, 2, 4, 8, 12, 16, 20]


@pytest.mark.parametrize("name", ["full", "lbfgs"])
def test_a_run_that_had_come_to_its_end_but_was_killed_before_it_said_so_makes_no_further_step(
    make: Make, tmp_path: Path, name: str
):
    slow = {"optimizer": {"backbone_lr": 1e-12, "head_lr": 1e-12}} if name == "full" else {}
    recipe = make(**{**SECTIONS[name], **slow, "evaluation": {"every": EVERY, "patience": 1, "best": "topic"}})
    once, again = RunFolder(tmp_path / "once"), RunFolder(tmp_path / "again")
    list(run_in_folder(recipe, once.path))

    def die_after_last() -> None:
        for event in run_in_folder(recipe, again.path):
            if isinstance(event, Saved) and event.name == "last":
                os.kill(os.getpid(), signal.SIGKILL)

    assert exit_code(start(die_after_last)) == -signal.SIGKILL
    list(resume_in_folder(again.path))
    ends = [last(list(run.events())) for run in (once, again)]
    assert [(end.step, end.reason, end.message) for end in ends] == [
        (ends[0].step, ends[0].reason, ends[0].message)
    ] * 2
    assert shown(again.events()) == shown(once.events())
    assert files_of(again.path / "last") == files_of(once.path / "last")


@pytest.mark.slow
def test_a_run_of_the_command_line_that_is_killed_from_outside_and_resumed_equals_one_never_interrupted(
    make: Make, folder: RunFolder, tmp_path: Path
):
    recipe = make(budget={"epochs": 1000, "max_steps": 5000, "batch_tokens": 64})
    (tmp_path / "recipe.yaml").write_text(dump(recipe))
    command = [sys.executable, "-m", "mtl", "train", str(tmp_path / "recipe.yaml"), "--run-dir", str(folder.path)]
    one_thread = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, env=one_thread, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while process.poll() is None and not any(event.step > EVERY for event in folder.events()):
        time.sleep(0.01)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    reached = max(event.step for event in folder.events()) + 5
    run_until(resume_in_folder(folder.path), reached)
    assert shown(folder.events()) == shown(run_until(mtl.train(recipe), reached))


def test_the_command_line_goes_on_with_a_run(make: Make, folder: RunFolder):
    recipe = make()
    killed(recipe, folder, 9)
    assert "step 20  saved last" in succeed("train", "--resume", folder.path).stderr
    assert shown(folder.events()) == whole(recipe)


def test_no_step_and_no_evaluation_appears_twice_in_a_run_that_went_back(make: Make, folder: RunFolder):
    recipe = make()
    killed(recipe, folder, 7, 7, 6)
    list(resume_in_folder(folder.path))
    events = list(folder.events())
    assert [e.step for e in events if isinstance(e, Step)] == list(range(1, STEPS + 1))
    assert [e.step for e in events if isinstance(e, Evaluated)] == list(range(0, STEPS + 1, EVERY))
    assert [e.step for e in events if isinstance(e, Started)] == [0, EVERY, EVERY, EVERY]
    assert [type(e) for e in events if isinstance(e, Finished | Failed)] == [Finished]


def test_a_run_that_is_killed_before_its_first_state_begins_anew(make: Make, folder: RunFolder):
    recipe = make()
    killed(recipe, folder, EVERY - 1)
    run = resume_in_folder(folder.path)
    assert next(run).step == 0
    assert folder.read_status().step == 0
    list(run)
    assert shown(folder.events()) == whole(recipe)
    assert sum(isinstance(event, Started) for event in folder.events()) == 1


def test_what_a_resumed_run_measures_counts_the_steps_before_the_interruption(
    make: Make, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
):
    recipe = make()
    monkeypatch.setattr(session, "_STATE_SECONDS", 0.0)  # a state after every step
    killed(recipe, folder, EVERY + 2)
    assert resume.kept_steps(folder.resume) == [EVERY + 1]
    list(resume_in_folder(folder.path))
    assert shown(folder.events()) == whole(recipe)


def test_a_run_that_is_killed_while_it_keeps_a_state_goes_on_from_the_one_before(
    make: Make, folder: RunFolder, monkeypatch: pytest.MonkeyPatch
):
    recipe = make()

    def die_in_the_middle(tensors: object, file: Path) -> None:
        if ".8." in str(file):
            file.write_bytes(b"half")
            os.kill(os.getpid(), signal.SIGKILL)
        honest(tensors, file)

    honest = resume.save_weights
    with monkeypatch.context() as patch:
        patch.setattr(resume, "save_weights", die_in_the_middle)
        assert exit_code(start(lambda: list(run_in_folder(recipe, folder.path)))) == -signal.SIGKILL
    assert resume.kept_steps(folder.resume) == [4]
    list(resume_in_folder(folder.path))
    assert shown(folder.events()) == whole(recipe)


def test_a_state_is_never_written_over(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    kept: list[int] = []
    honest = session.save_state
    monkeypatch.setattr(
        session, "save_state", lambda folder, state: (kept.append(state.progress.step), honest(folder, state))
    )
    for _ in mtl.train(make(), folder=tmp_path):
        pass
    assert kept == [4, 8, 12, 16, 20]
    assert resume.kept_steps(tmp_path / "resume") == [20]


@pytest.fixture(scope="module")
def both(make: Make, tmp_path_factory: pytest.TempPathFactory) -> tuple[RunFolder, RunFolder]:
    """The folders of one recipe's run, uninterrupted and killed once."""
    recipe = make(evaluation={"every": 3, "best": "topic"})
    once, again = (RunFolder(tmp_path_factory.mktemp("both") / name) for name in ("once", "again"))
    list(run_in_folder(recipe, once.path))
    killed(recipe, again, 11)
    list(resume_in_folder(again.path))
    return once, again


def test_the_best_so_far_is_remembered(both: tuple[RunFolder, RunFolder]):
    once, again = ([(e.step, e.name, e.score) for e in f.events() if isinstance(e, Saved)] for f in both)
    assert once == again
    statuses = [folder.read_status() for folder in both]
    assert statuses[0].best_step == statuses[1].best_step
    assert statuses[0].best_score == statuses[1].best_score


@pytest.mark.parametrize("name", ["best", "last"])
def test_a_checkpoint_is_that_of_a_run_never_interrupted(both: tuple[RunFolder, RunFolder], name: str):
    once, again = (folder.path / name / "model.safetensors" for folder in both)
    assert once.read_bytes() == again.read_bytes()


def test_patience_goes_on_counting(make: Make, folder: RunFolder):
    slow = {"optimizer": {"backbone_lr": 1e-12, "head_lr": 1e-12}, "evaluation": {"every": 4, "patience": 3}}
    killed(make(**slow), folder, 9)
    end = list(resume_in_folder(folder.path))[-1]
    assert isinstance(end, Finished)
    assert (end.reason, end.step) == (StopReason.EARLY, 12)


def test_the_evaluation_of_a_stop_does_not_count_when_the_run_goes_on(make: Make, folder: RunFolder):
    slow = {"optimizer": {"backbone_lr": 1e-12, "head_lr": 1e-12}, "evaluation": {"every": 4, "patience": 3}}
    run = mtl.train(make(**slow), folder=folder.path, should_stop=lambda: stopping[0])
    stopping = [False]
    for event in run:
        stopping[0] = isinstance(event, Step) and event.step == 9
    end = list(mtl.train(make(**slow), folder=folder.path, resume=True))[-1]
    assert isinstance(end, Finished)
    assert (end.reason, end.step) == (StopReason.EARLY, 12)


@pytest.mark.parametrize("key", ["backbone_lr", "head_lr", "weight_decay", "layer_decay", None])
def test_a_rate_that_is_changed_while_a_run_rests_is_told_and_does_not_count(
    make: Make, folder: RunFolder, key: str | None
):
    killed(make(), folder, 5)
    content = yaml.safe_load(folder.recipe.read_text())
    if key is not None:
        content["optimizer"][key] = 0.9 if key == "layer_decay" else 0.0007
        folder.recipe.write_text(yaml.safe_dump(content, sort_keys=False))
    told = [event.message for event in resume_in_folder(folder.path) if isinstance(event, Noticed)]
    assert [message for message in told if "learning rates" in message] == told
    assert len(told) == (key is not None)
    assert shown(folder.events()) == whole(make())


def test_training_cannot_be_resumed_without_a_state(make: Make, tmp_path: Path):
    with pytest.raises(RunError, match="a saved state to continue from was expected, there is none"):
        next(mtl.train(make(), folder=tmp_path, resume=True))
    with pytest.raises(RunError, match="a run folder was expected to resume from, none is given"):
        next(mtl.train(make(), resume=True))


@pytest.mark.parametrize("damage", ["half", "another recipe", "fewer weights"])
def test_a_state_that_does_not_fit_is_refused(make: Make, tmp_path: Path, damage: str):
    stop_at(make(), tmp_path, 4, goes_on=False)
    others = {
        "another recipe": {"freezing": {"preset": "lora"}},
        "fewer weights": {"freezing": {"preset": "heads_only"}},
    }
    recipe = make(**others.get(damage, {}))
    if damage == "half":
        file = tmp_path / "resume" / "4" / "state.safetensors"
        file.write_bytes(file.read_bytes()[:1000])
    expected = "after step 4: one of this recipe" if damage in others else "resume/4: a whole state"
    with pytest.raises(RunError, match=f"{expected} was expected"):
        next(mtl.train(recipe, folder=tmp_path, resume=True))


def test_a_state_of_an_older_version_is_refused_in_one_sentence(make: Make, tmp_path: Path):
    stop_at(make(), tmp_path, 4, goes_on=False)
    place = tmp_path / "resume" / "4"
    (place / "state.json").rename(place / "position.json")
    with pytest.raises(RunError, match=r"resume/4: state.json was expected, the state was kept by an older version"):
        next(mtl.train(make(), folder=tmp_path, resume=True))


def test_a_state_does_not_fit_a_recipe_that_trains_nothing(make: Make, tmp_path: Path):
    stop_at(make(), tmp_path, 4, goes_on=False)
    with pytest.raises(RunError, match="a recipe that trains something was expected to continue with"):
        next(mtl.train(make(freezing={"preset": "all_frozen"}), folder=tmp_path, resume=True))


def test_a_run_from_before_recipes_had_a_solver_goes_on_as_it_began(make: Make, folder: RunFolder):
    """The recipe does not say that AdamW trained it: `auto` would take L-BFGS and a head of another shape."""
    sections = {"tasks": ("topic",), "freezing": {"preset": "heads_only"}, "optimizer": {}, "budget": {"max_steps": 8}}
    recipe = make(**sections, solver="sgd")
    run_until(run_in_folder(recipe, folder.path), 5)
    content = yaml.safe_load(folder.recipe.read_text())
    del content["solver"]
    folder.recipe.write_text(yaml.safe_dump(content, sort_keys=False))
    assert choose_solver(load(folder.recipe), {}) is Solver.LBFGS
    for _ in resume_in_folder(folder.path):
        pass
    assert shown(folder.events()) == whole(recipe)


@pytest.mark.parametrize("head", [{"hidden": []}, {"hidden": [8], "activation": "gelu"}], ids=["linear", "hidden"])
def test_a_run_from_a_checkpoint_whose_head_has_another_shape_than_the_default_is_resumed(
    make: Make, tmp_path: Path, head: dict[str, object]
):
    """The recipe of a run has every default written out, those of a head too, whose shape comes from the checkpoint."""
    base = make(tasks=("topic",), tasks_topic={"head": head}, budget={"max_steps": 1})
    list(run_in_folder(base, tmp_path / "base"))
    recipe = make(tasks=("topic",)).model_copy(update={"backbone": str(tmp_path / "base" / "last")})
    folder = RunFolder(tmp_path / "run")
    run_until(run_in_folder(recipe, folder.path), 5)
    for _ in resume_in_folder(folder.path):
        pass
    assert shown(folder.events()) == whole(recipe)


@pytest.mark.parametrize(("state", "goes_on"), [(RunState.QUEUED, False), (RunState.STOPPED, True)])
def test_a_stop_that_is_asked_of_a_run_while_it_loads_again_is_kept(
    make: Make, folder: RunFolder, state: RunState, goes_on: bool
):
    for event in run_in_folder(make(), folder.path):
        if isinstance(event, Step) and event.step == EVERY:
            folder.request_stop()
    folder.write_status(replace(folder.read_status(), state=state))  # queued by a page, which has removed the request
    folder.request_stop()
    end = last(list(resume_in_folder(folder.path)))
    assert end.reason is (StopReason.COMPLETED if goes_on else StopReason.STOPPED)
