"""Heads trained by L-BFGS: their optimum, and a run with all that a run has."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch

import mtl
from mtl.errors import RunError
from mtl.fitting.encoder import default_mix
from mtl.fitting.objectives import Objective, Scaling, SoftmaxLoss
from mtl.fitting.solving import Stopping, solve
from mtl.heads import ClassificationHead
from mtl.inference import Engine
from mtl.planning import plan
from mtl.recipe import HeadConfig, load
from mtl.runs import Evaluated, Finished, RunFolder, Saved, Started, Step, StopReason
from mtl.training import resume_in_folder, run_in_folder, set_up
from mtl.training.lbfgs import HeadSolver
from tests.mtl.recipes import quick_recipe, write_easy_labels
from tests.tiny import EXACT

SECTIONS = {"freezing": {"preset": "heads_only"}, "solver": "lbfgs", "optimizer": {"l2": 0.1}}


def lbfgs_recipe(backbone, folder, **sections):
    budget = sections.pop("budget", {})
    return quick_recipe(
        backbone, folder, **{"tasks": ("topic", "names"), "evaluation": {}, **SECTIONS, **sections, "budget": budget}
    )


def small_problem(classes=3, size=6):
    """With many classes the first step is far too long, so that the line search has work."""
    rng = np.random.default_rng(classes)
    gold = np.arange(20 * classes) % classes
    values = (3 * rng.standard_normal((classes, size))[gold] + rng.standard_normal((len(gold), size))).astype("f4")
    return Objective(values, SoftmaxLoss(gold, np.ones(len(gold), "f4")), Scaling.of(values), 1.0, classes)


def head_of(objective):
    return ClassificationHead(
        HeadConfig(hidden=(), dropout=0.0), size=objective.shape[0] - 1, classes=objective.classes
    )


@pytest.mark.parametrize("classes", [3, 60])
@pytest.mark.parametrize("warm", [False, True])
def test_iterations_come_to_the_optimum_of_scipy(warm, classes):
    torch.manual_seed(0)
    objective = small_problem(classes, 2 * classes)
    head = head_of(objective)
    solver = HeadSolver(objective, head, warm=warm)
    losses = []
    while not solver.is_done:
        losses.append(solver.step().loss)
    best = solve(objective, stopping=Stopping(1000, 1e-8, 1e-14))
    found = objective.scaling.unfolded(head.output.weight.detach().numpy().T, head.output.bias.detach().numpy())
    assert objective(found.ravel())[0] == pytest.approx(best.value, rel=1e-4)
    np.testing.assert_allclose(found, best.weight, atol=2e-2)
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("steps", [0, 1, 3, 12])
def test_a_restored_solver_goes_on_to_the_last_bit(steps):
    objective = small_problem()
    heads = [head_of(objective), head_of(objective)]
    first, second = (HeadSolver(objective, head, warm=False) for head in heads)
    for _ in range(steps):
        first.step()
    second.restore(first.state())
    for _ in range(3):
        assert first.step() == second.step()
    assert torch.equal(heads[0].output.weight, heads[1].output.weight)


@pytest.mark.parametrize("steps", [2, 1000])
def test_a_solver_begins_again_with_other_data_from_the_head_and_comes_to_their_optimum(steps):
    """Whether or not it was done with the data of before."""
    before, now = small_problem(), small_problem(size=6, classes=3)
    now = replace(now, values=now.values[::-1].copy(), scaling=Scaling.of(now.values + 1))
    head = head_of(before)
    first = HeadSolver(before, head, warm=False)
    while not first.is_done and first.iterations < steps:
        first.step()
    weight = head.output.weight.detach().clone()
    again = HeadSolver(now, head, warm=True)
    again.begin_again(first.state())
    torch.testing.assert_close(head.output.weight, weight)  # that of another scaling would be another head
    assert again.iterations == first.iterations and not again.is_done
    while not again.is_done:
        again.step()
    best = solve(now, stopping=Stopping(1000, 1e-8, 1e-14))
    found = now.scaling.unfolded(head.output.weight.detach().numpy().T, head.output.bias.detach().numpy())
    assert now(found.ravel())[0] == pytest.approx(best.value, rel=1e-3)


def test_a_run_whose_data_changed_fits_its_heads_to_the_new_ones(tiny_bert, tmp_path):
    recipe = lbfgs_recipe(tiny_bert, tmp_path, tasks=("topic",))
    seen = []
    (tmp_path / "run").mkdir()
    for event in mtl.train(recipe, folder=tmp_path / "run", should_stop=lambda: bool(seen) and seen[-1].step == 3):
        seen.append(event)
    file = tmp_path / "topic.csv"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([*lines, *lines[1:3] * 5]) + "\n")
    list(mtl.train(recipe, folder=tmp_path / "run", resume=True))
    list(mtl.train(recipe, folder=tmp_path / "fresh"))
    resumed, fresh = (Engine.load(tmp_path / name / "last", **EXACT) for name in ("run", "fresh"))
    for one, other in zip(resumed.classify(lines[1:]), fresh.classify(lines[1:]), strict=True):
        assert one["topic"] == pytest.approx(other["topic"], abs=0.02)


@pytest.fixture(scope="module")
def finished(tiny_bert, tmp_path_factory):
    folder = tmp_path_factory.mktemp("lbfgs")
    recipe = lbfgs_recipe(tiny_bert, folder)
    return recipe, list(run_in_folder(recipe, folder / "run")), folder / "run"


def test_a_run_goes_to_the_optimum_and_tells_of_it_as_every_run_does(finished):
    recipe, events, _ = finished
    started, end = events[0], events[-1]
    steps = [event for event in events if isinstance(event, Step)]
    assert isinstance(started, Started) and (started.solver, started.steps_per_epoch) == ("lbfgs", 2)
    assert isinstance(end, Finished) and end.reason is StopReason.COMPLETED and end.step < started.total_steps
    assert [event.step for event in steps] == list(range(1, end.step + 1))
    assert [event.task for event in steps[:4]] == ["topic", "names"] * 2
    evaluated = [event.step for event in events if isinstance(event, Evaluated)]
    assert evaluated == sorted({0, *range(20, end.step + 1, 20), end.step})
    for task in ("topic", "names"):
        own = [event.loss for event in steps if event.task == task]
        assert own[-1] < own[0] / 2
    assert {event.name for event in events if isinstance(event, Saved)} == {"best", "last"}
    last = [event for event in events if isinstance(event, Evaluated)][-1]
    assert last.metrics["eval/embedding/drift"] == pytest.approx(0, abs=1e-6)
    assert recipe.solver == "lbfgs"


def test_the_recipe_of_a_run_and_its_checkpoint_say_what_was_trained(finished):
    _, _, folder = finished
    assert load(folder / "recipe.yaml").solver == "lbfgs"
    config = json.loads((folder / "best" / "config.json").read_text())
    assert config["recipe"]["solver"] == "lbfgs"
    assert config["tasks"]["topic"]["head"]["hidden"] == []
    engine = Engine.load(folder / "best", **EXACT)
    assert engine.tasks["topic"].head.dropout == 0


def test_a_run_that_goes_on_from_its_checkpoint_begins_at_the_optimum(finished, tmp_path):
    recipe, events, folder = finished
    again = recipe.model_copy(update={"backbone": str(folder / "last")})
    found = list(run_in_folder(again, tmp_path / "again"))
    assert found[-1].step < events[-1].step / 2
    before, after = (
        [e for e in own if isinstance(e, Evaluated)][which].metrics for own, which in ((events, -1), (found, 0))
    )
    assert before == pytest.approx(after, abs=0.02)


def test_a_run_that_was_stopped_at_once_is_resumed(tiny_bert, tmp_path):
    recipe = lbfgs_recipe(tiny_bert, tmp_path)
    run = run_in_folder(recipe, tmp_path / "run")
    for event in run:
        if isinstance(event, Step) and event.step == 5:
            RunFolder(tmp_path / "run").request_stop()
    assert event.reason is StopReason.STOPPED and event.step < 8
    resumed = list(resume_in_folder(tmp_path / "run"))
    assert resumed[-1].reason is StopReason.COMPLETED
    assert [e.step for e in resumed if isinstance(e, Step)][0] == event.step + 1


def test_a_state_of_another_head_is_refused(tiny_bert, tmp_path):
    trainer = set_up(lbfgs_recipe(tiny_bert, tmp_path))
    trainer.enter_stage_of(0)
    trainer.solver_states = {"topic": {"weight": torch.zeros(3, dtype=torch.float64)}}
    with pytest.raises(RunError, match="the state of topic: one of this recipe was expected"):
        trainer.solvers()


@pytest.mark.parametrize("cache", [{"enabled": False}, {"max_gb": 1e-9}])
def test_features_that_have_no_room_on_disk_are_in_memory(tiny_bert, tmp_path, cache):
    kept, not_kept = (
        [e.loss for e in mtl.train(lbfgs_recipe(tiny_bert, tmp_path, **one)) if isinstance(e, Step)]
        for one in ({}, {"cache": cache})
    )
    assert kept[:4] == pytest.approx(not_kept[:4], rel=1e-2)


def test_sets_of_labels_and_weighted_classes_train(tiny_bert, tmp_path):
    recipe = lbfgs_recipe(tiny_bert, tmp_path, tasks=("topic",), tasks_topic={"class_weights": "balanced"})
    content = recipe.model_dump(mode="json", exclude_unset=True)
    content["tasks"]["about"] = write_easy_labels(tmp_path)
    events = list(mtl.train(type(recipe).model_validate(content)))
    best = [event for event in events if isinstance(event, Evaluated)][-1].metrics
    assert best["eval/about/micro_f1"] > 0.7 and best["eval/topic/accuracy"] > 0.8


def test_joint_texts_and_words_that_share_a_token_are_learned_as_by_sgd(tiny_bert, tmp_path):
    """Two tasks of the same texts share a train set; each is solved by itself."""
    lines = [
        {"text": f"anna met {place}", "spans": [{"start": 0, "end": 4, "label": "PER"}]} for place in ("rome", "paris")
    ]
    topics = [{"text": line["text"], "label": line["text"].split()[-1]} for line in lines]
    for name, rows in (("names", lines), ("topic", topics)):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(map(json.dumps, rows * 3)) + "\n")
    tasks = {
        name: {"kind": kind, "train": f"{name}.jsonl", "dev": f"{name}.jsonl"}
        for name, kind in (("names", "tagging"), ("topic", "classification"))
    }
    content = {
        "backbone": str(tiny_bert),
        "tasks": tasks,
        "freezing": {"preset": "heads_only"},
        "optimizer": {"l2": 0.01},
        "solver": "lbfgs",
    }
    recipe = mtl.Recipe.model_validate(content)
    recipe = recipe.model_copy(
        update={
            "tasks": {
                name: task.model_copy(
                    update={"train": (str(tmp_path / task.train[0]),), "dev": (str(tmp_path / task.dev[0]),)}
                )
                for name, task in recipe.tasks.items()
            }
        }
    )
    trainer = set_up(recipe)
    assert list(trainer.data.train) == ["names + topic"]
    last = [event for event in mtl.train(recipe) if isinstance(event, Evaluated)][-1].metrics
    assert (last["eval/names/f1"], last["eval/topic/accuracy"]) == (1, 1)


def test_a_plan_counts_the_iterations(tiny_bert, tmp_path):
    found = plan(lbfgs_recipe(tiny_bert, tmp_path))
    assert (found.steps, dict(found.draws)) == (200, {"topic": 100, "names": 100})
    assert 0 < found.seconds < 60
    assert plan(lbfgs_recipe(tiny_bert, tmp_path, budget={"max_steps": 6})).steps == 6


def test_a_limit_of_steps_ends_a_run_before_its_optimum(tiny_bert, tmp_path):
    events = list(mtl.train(lbfgs_recipe(tiny_bert, tmp_path, budget={"max_steps": 3}, evaluation={"every": 2})))
    assert [event.step for event in events if isinstance(event, Evaluated)] == [0, 2, 3]
    assert isinstance(events[-1], Finished) and events[-1].step == 3


def test_a_head_that_mixes_layers_keeps_its_mix_and_reads_more_than_the_last(tiny_bert, tmp_path):
    content = {"tasks": ("names",), "tasks_names": {"head": {"layers": "mix"}}}
    run = tmp_path / "run"
    events = list(run_in_folder(lbfgs_recipe(tiny_bert, tmp_path, **content), run))
    mixed, last = (
        [event for event in own if isinstance(event, Evaluated)][-1].metrics["eval/names/f1"]
        for own in (events, mtl.train(lbfgs_recipe(tiny_bert, tmp_path, tasks=("names",))))
    )
    mix = Engine.load(run / "last", **EXACT).loaded_model().model.heads["names"].mix
    np.testing.assert_allclose(torch.softmax(mix.scores, 0).tolist(), default_mix(4), atol=1e-5)
    assert mixed > last


@pytest.mark.parametrize("states", range(2, 26))
def test_the_default_mix_is_the_middle_of_the_layers(states):
    mix = default_mix(states)
    assert sum(mix) == pytest.approx(1) and min(mix) > 0
    assert mix[states // 2] == max(mix)
