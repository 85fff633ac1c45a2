"""Strategies run beside one another, each run a process; what is complete is not done again."""

import math
import shutil
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file

from mtl.comparing import Outcome, candidates, compare, linear_probe, strategies, summarize
from mtl.errors import RunError
from mtl.recipe import Precision, Recipe, Solver, load
from mtl.runs import Evaluated, RunFolder, Saved, Started, Step
from mtl.runs.lock import holding
from mtl.training import run_in_folder
from mtl.training.stage import StageState
from tests.mtl import processes
from tests.mtl.comparing.conftest import forked
from tests.mtl.comparing.late_run import LateRun
from tests.mtl.recipes import quick_recipe
from tests.mtl.training.seen import events_of
from tests.tiny import save_backbone

PRESETS = ["heads_only", "last_layers:1"]
SEEDS = [1, 2]
NAMES = ["heads_only-seed1", "last_layers-1-seed1", "heads_only-seed2", "last_layers-1-seed2"]
Compare = Callable[..., list[Outcome]]


@dataclass(frozen=True)
class Compared:
    """Two presets compared with two seeds: the commands that ran, what came out, and the folder."""

    recipe: Recipe
    commands: list[list[str]]
    outcomes: list[Outcome]
    folder: Path

    def run(self, name: str) -> RunFolder:
        return RunFolder(self.folder / name)


def short(backbone: Path, data: Path) -> Recipe:
    budget = {"epochs": 1000, "max_steps": 4, "batch_tokens": 64}
    return quick_recipe(backbone, data, ("topic", "names"), budget=budget, evaluation={"every": 2})


@pytest.fixture(scope="module")
def compared(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Compared:
    data = tmp_path_factory.mktemp("compared")
    recipe = short(tiny_bert, data)
    with forked() as commands:
        found = compare(strategies(recipe, PRESETS, single_task=False), seeds=SEEDS, folder=data / "runs")
        return Compared(recipe, commands, list(found), data / "runs")


@pytest.fixture
def recipe(tiny_bert: Path, tmp_path: Path) -> Recipe:
    return short(tiny_bert, tmp_path)


@pytest.fixture
def run(recipe: Recipe, tmp_path: Path) -> Compare:
    def run(presets: list[str], seeds: list[int], *, single_task: bool = False) -> list[Outcome]:
        found = strategies(recipe, presets, single_task=single_task)
        return list(compare(found, seeds=seeds, folder=tmp_path / "compared"))

    return run


def folders(commands: list[list[str]]) -> list[str]:
    """The run folders of the runs that were started, in order."""
    return [Path(command[command.index("--run-dir") + 1]).name for command in commands]


def test_every_strategy_runs_with_every_seed_seed_by_seed(compared: Compared):
    assert [(o.strategy, o.seed) for o in compared.outcomes] == [(name, seed) for seed in SEEDS for name in PRESETS]
    assert folders(compared.commands) == NAMES


def test_a_run_has_the_recipe_of_its_strategy_and_seed(compared: Compared):
    (strategy,) = strategies(compared.recipe, ["last_layers:1"], single_task=False)
    expected = strategy.recipe.model_copy(update={"seed": 2}).with_precision(Precision.FP32).with_solver(Solver.SGD)
    assert load(compared.run("last_layers-1-seed2").recipe) == expected


def test_an_outcome_is_what_the_run_left(compared: Compared):
    outcome, folder = compared.outcomes[3], compared.run("last_layers-1-seed2")
    events = list(folder.events())
    best = [event for event in events if isinstance(event, Saved) and event.name == "best"][-1]
    (measured,) = [event for event in events if isinstance(event, Evaluated) and event.step == best.step]
    assert outcome.metrics == measured.metrics
    assert outcome.seconds == events[-1].seconds
    assert outcome.checkpoint_bytes == sum(file.stat().st_size for file in folder.best.rglob("*") if file.is_file())
    assert outcome.trained_parameters == next(e for e in events if isinstance(e, Started)).trained_parameters
    assert outcome.memory_bytes == events[-1].memory_bytes > 10**7


def test_a_run_of_a_comparison_is_that_of_its_recipe_alone(compared: Compared):
    folder = compared.run("heads_only-seed2")
    alone = events_of(load(folder.recipe))
    assert [e.loss for e in folder.events() if isinstance(e, Step)] == [e.loss for e in alone if isinstance(e, Step)]


def test_seeds_have_outcomes_of_their_own_and_one_row_a_strategy(compared: Compared):
    rows = summarize(compared.outcomes)
    assert [(row.strategy, row.seeds) for row in rows] == [(name, 2) for name in PRESETS]
    assert rows[0].metrics["eval/embedding/drift"].mean == pytest.approx(0, abs=1e-3)
    assert any(spread.deviation > 0 for spread in rows[1].metrics.values())


def test_what_is_complete_is_not_done_again(compared: Compared, runs: list[list[str]]):
    found = strategies(compared.recipe, PRESETS, single_task=False)
    assert list(compare(found, seeds=SEEDS, folder=compared.folder)) == compared.outcomes
    assert runs == []


RECIPES: dict[str, tuple[dict[str, object], str]] = {
    "another rate": ({"optimizer": {"head_lr": 0.5}}, "optimizer"),
    "another budget": ({"budget": {"epochs": 9, "max_steps": 3}}, "budget"),
    "another seed of nothing": ({"about": "new", "checkpoint": {"sample": 1}}, "checkpoint, about"),
}


@pytest.mark.parametrize("name", RECIPES)
def test_a_complete_run_of_another_recipe_is_not_taken_for_this_one(
    recipe: Recipe, run: Compare, runs: list[list[str]], tmp_path: Path, name: str
):
    sections, differs = RECIPES[name]
    run(["heads_only"], [1])
    other = Recipe.model_validate(recipe.model_dump(exclude_unset=True) | sections)
    found = compare(strategies(other, ["heads_only"], single_task=False), seeds=[1], folder=tmp_path / "compared")
    with pytest.raises(
        RunError, match=f"heads_only-seed1: a complete run of this recipe .* differs in {differs}; give"
    ):
        next(found)
    assert len(runs) == 1


@pytest.mark.parametrize(
    ("file", "task"), [("topic.csv", "topic"), ("topic-dev.csv", "topic"), ("names.conll", "names")]
)
def test_a_complete_run_of_other_data_is_not_taken_for_this_one(
    run: Compare, runs: list[list[str]], tmp_path: Path, file: str, task: str
):
    (found,) = run(["all_frozen"], [1])
    text = (tmp_path / file).read_text()
    (tmp_path / file).write_text(text.replace("very", "not", 1))
    with pytest.raises(RunError, match=f"all_frozen-seed1: .* it differs in the data of {task}; give another folder"):
        run(["all_frozen"], [1])
    (tmp_path / file).write_text(text)
    assert run(["all_frozen"], [1]) == [found]
    assert len(runs) == 1


def test_a_complete_run_from_before_the_fingerprints_is_taken_by_its_recipe(
    run: Compare, runs: list[list[str]], tmp_path: Path
):
    found = run(["heads_only"], [1])
    (tmp_path / "compared" / "heads_only-seed1" / "data.json").unlink()
    assert run(["heads_only"], [1]) == found
    assert len(runs) == 1


@pytest.mark.parametrize("change", ["weights of the checkpoint", "tokenizer of the backbone"])
def test_a_complete_run_from_another_backbone_of_the_same_path_is_not_taken_for_this_one(
    runs: list[list[str]], tmp_path: Path, change: str
):
    backbone = save_backbone("bert", tmp_path / "backbone")
    first = short(backbone, tmp_path)
    list(run_in_folder(first, tmp_path / "first"))
    kept = tmp_path / "first" / "last"
    is_checkpoint = "checkpoint" in change
    recipe = first.model_copy(update={"backbone": str(kept if is_checkpoint else backbone)})
    folder = tmp_path / "compared"
    found = list(compare(strategies(recipe, ["all_frozen"], single_task=False), seeds=[1], folder=folder))
    place, file = (kept, "model.safetensors") if is_checkpoint else (backbone, "tokenizer.json")
    before = (place / file).read_bytes()
    if is_checkpoint:
        tensors = load_file(place / file)
        save_file({name: tensor * 2 for name, tensor in tensors.items()}, place / file)
    else:
        (place / file).write_bytes(before.replace(b'"anna"', b'"olga"'))
    with pytest.raises(
        RunError, match=f"all_frozen-seed1: .* it differs in the files of the backbone {recipe.backbone};"
    ):
        list(compare(strategies(recipe, ["all_frozen"], single_task=False), seeds=[1], folder=folder))
    (place / file).write_bytes(before)
    again = compare(strategies(recipe, ["all_frozen"], single_task=False), seeds=[1], folder=folder)
    assert list(again) == found
    assert len(runs) == 1


@pytest.mark.parametrize("gone", ["fingerprint", "backbone"])
def test_a_complete_run_whose_backbone_cannot_be_compared_is_taken_by_its_recipe(
    runs: list[list[str]], tmp_path: Path, gone: str
):
    recipe = short(save_backbone("bert", tmp_path / "backbone"), tmp_path)
    found = list(compare(strategies(recipe, ["all_frozen"], single_task=False), seeds=[1], folder=tmp_path / "runs"))
    if gone == "fingerprint":  # it is a run of a former version
        (tmp_path / "runs" / "all_frozen-seed1" / "backbone.sha256").unlink()
        save_backbone("bert", tmp_path / "backbone", seed=1)
    else:
        shutil.rmtree(tmp_path / "backbone")
    again = compare(strategies(recipe, ["all_frozen"], single_task=False), seeds=[1], folder=tmp_path / "runs")
    assert list(again) == found
    assert len(runs) == 1


def test_a_comparison_that_was_interrupted_goes_on_where_it_was(
    recipe: Recipe, run: Compare, runs: list[list[str]], tmp_path: Path
):
    begun = compare(strategies(recipe, PRESETS, single_task=False), seeds=[1], folder=tmp_path / "compared")
    done = next(begun)
    begun.close()
    assert run(PRESETS, [1])[0] == done
    assert folders(runs) == NAMES[:2]


@pytest.mark.parametrize("stopped", [False, True])
def test_an_attempt_that_was_broken_off_is_done_again_from_the_start(
    run: Compare, runs: list[list[str]], tmp_path: Path, stopped: bool
):
    (whole,) = run(["heads_only"], [1])
    folder = RunFolder(tmp_path / "compared" / "heads_only-seed1")
    (folder.path / "memory").unlink()
    if stopped:
        folder.request_stop()
    (again,) = run(["heads_only"], [1])
    assert len(runs) == 2
    assert again.metrics == whole.metrics
    assert [event.step for event in folder.events() if isinstance(event, Step)] == [1, 2, 3, 4]


def test_a_run_that_somebody_stopped_is_refused_and_done_again(
    run: Compare, runs: list[list[str]], monkeypatch: pytest.MonkeyPatch
):
    with monkeypatch.context() as patch:
        patch.setattr(RunFolder, "stop_requested", lambda _: True)
        with pytest.raises(RunError, match="^heads_only, seed 1: the run was stopped before its end$"):
            run(["heads_only"], [1])
    run(["heads_only"], [1])
    assert len(runs) == 2


@pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")
@pytest.mark.parametrize("marks", [["begun"], ["begun", "asked"]], ids=["once", "twice in a row"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM], ids=lambda number: number.name)
def test_a_signal_to_the_comparison_alone_ends_its_run_too_and_the_second_one_at_once(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marks: list[str], number: signal.Signals
):
    run = LateRun(tmp_path, monkeypatch, ends_when_asked=len(marks) == 1)
    with run.signalled(number, marks), pytest.raises(KeyboardInterrupt):
        list(compare(strategies(recipe, ["heads_only"], single_task=False), seeds=[1], folder=tmp_path / "runs"))
    run.must_have_ended()


@pytest.mark.skipif(sys.platform == "win32", reason="a script is no program there")
def test_a_comparison_that_is_killed_leaves_no_run_behind(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    run = LateRun(tmp_path, monkeypatch, ends_when_asked=False)
    folder = tmp_path / "runs"
    compared = processes.start(
        lambda: list(compare(strategies(recipe, ["heads_only"], single_task=False), seeds=[1], folder=folder))
    )
    run.must_begin()
    compared.kill()
    compared.join()
    run.must_have_ended(asked=False)
    with holding(folder):
        pass


def test_a_run_that_fails_is_told_with_its_reason(run: Compare, runs: list[list[str]]):
    with pytest.raises(RunError) as error:
        run(["last_layers:9"], [1])
    assert str(error.value).startswith("last_layers:9, seed 1: error: freezing.layers: at most 3")
    assert "\n" not in str(error.value)


def test_a_run_without_a_best_checkpoint_is_told_in_one_sentence(
    run: Compare, runs: list[list[str]], monkeypatch: pytest.MonkeyPatch
):
    honest = StageState.evaluate
    monkeypatch.setattr(StageState, "evaluate", lambda self: dict.fromkeys(honest(self), math.nan))
    with pytest.raises(RunError, match="^heads_only, seed 1: a best checkpoint was expected, no evaluation"):
        run(["heads_only"], [1])


def test_baselines_run_beside_the_presets(run: Compare, runs: list[list[str]], recipe: Recipe):
    found = run(["heads_only"], [1], single_task=True)
    assert [outcome.strategy for outcome in found] == ["heads_only", "only topic", "only names"]
    assert "eval/topic/accuracy" in found[1].metrics
    assert not any(key.startswith("eval/names/") for key in found[1].metrics)


def test_a_comparison_shares_the_cache(
    run: Compare, runs: list[list[str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("MTL_HOME", str(tmp_path / "home"))
    run(["heads_only"], [1])
    before = {place.name for place in (tmp_path / "home" / "cache").iterdir()}
    run(["heads_only"], [2])
    assert {place.name for place in (tmp_path / "home" / "cache").iterdir()} == before


def test_a_comparison_in_a_folder_that_a_process_owns_is_refused(recipe: Recipe, tmp_path: Path):
    found = compare(strategies(recipe, PRESETS, single_task=False), seeds=SEEDS, folder=tmp_path)
    with holding(tmp_path), pytest.raises(RunError, match="still going on in process"):
        next(found)


def test_a_candidate_that_cannot_be_loaded_stops_no_other(
    recipe: Recipe, runs: list[list[str]], tmp_path: Path, tiny_bert: Path
):
    found = candidates(linear_probe(recipe, 9), [str(tmp_path / "none"), str(tiny_bert)])
    outcomes = compare(found, seeds=[1], folder=tmp_path / "compared")
    assert next(outcomes).strategy == f"backbone {tiny_bert.name}"
    with pytest.raises(RunError, match="^backbone none, seed 1: error: "):
        next(outcomes)
    assert len(runs) == 2


def test_a_candidate_that_somebody_stopped_ends_the_comparison(
    recipe: Recipe, runs: list[list[str]], tmp_path: Path, tiny_bert: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(RunFolder, "stop_requested", lambda _: True)
    monkeypatch.setattr(RunFolder, "stop_reason", lambda _: "")
    found = candidates(recipe, [str(tiny_bert), str(tmp_path / "none")])
    with pytest.raises(RunError, match="the run was stopped before its end$"):
        list(compare(found, seeds=[1], folder=tmp_path / "compared"))
    assert len(runs) == 1


def test_a_probe_and_the_whole_recipe_are_compared_in_one_folder(
    recipe: Recipe, runs: list[list[str]], tmp_path: Path, tiny_bert: Path
):
    whole = strategies(recipe, ["heads_only"], single_task=False)
    probes = candidates(linear_probe(recipe, 9), [str(tiny_bert)])
    (first,) = compare(whole, seeds=[1], folder=tmp_path / "compared")
    found = list(compare([*whole, *probes], seeds=[1], folder=tmp_path / "compared"))
    assert found[0] == first
    assert len(runs) == 2
