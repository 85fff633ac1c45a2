"""The training loop seen through its events: order, ends, best checkpoint, refusals."""

import math
import re
from pathlib import Path

import pytest
import torch

import mtl
from mtl.checkpoint import read_config
from mtl.errors import DataError, RecipeError, TrainingError
from mtl.model import MultiTaskModel
from mtl.outside import SUMMARIES_FILE
from mtl.runs import Evaluated, Event, Saved, Step, StopReason
from mtl.training import accumulation
from mtl.training.losses import BatchLoss
from mtl.training.train_set import TrainBatch
from tests.mtl.recipes import recipe_of
from tests.mtl.training.seen import BOTH, events_of, kinds, last, losses, scores


def test_events_come_in_order(tiny_bert: Path, tmp_path: Path):
    recipe = recipe_of(tiny_bert, BOTH, budget={"max_steps": 4}, evaluation={"every": 2, "best": "topic"})
    found = kinds(events_of(recipe, tmp_path))
    assert found[:3] == ["started", "evaluated", "saved"]
    assert found[-2:] == ["saved", "finished"]
    middle = [kind for kind in found[3:-2] if kind != "saved"]
    assert middle == ["step", "step", "evaluated", "step", "step", "evaluated"]


def test_every_task_is_evaluated_at_step_0_and_at_the_end(tiny_bert: Path):
    tasks = ("topic", "entities", "similarity")
    evaluated = [e for e in events_of(recipe_of(tiny_bert, tasks)) if isinstance(e, Evaluated)]
    assert [e.step for e in evaluated] == [0, 6]
    main = {"eval/topic/accuracy", "eval/entities/f1", "eval/similarity/spearman_cosine"}
    assert all(main <= set(e.metrics) for e in evaluated)


def test_an_evaluation_falls_on_the_end_of_each_epoch(tiny_bert: Path):
    recipe = recipe_of(
        tiny_bert, ["sentiment"], budget={"epochs": 3, "batch_tokens": 256}, evaluation={"every": "epoch"}
    )
    found = events_of(recipe)
    epoch = found[0].steps_per_epoch
    assert found[0].total_steps == 3 * epoch
    assert [e.step for e in found if isinstance(e, Evaluated)] == [0, epoch, 2 * epoch, 3 * epoch]


def test_steps_count_from_one_and_epochs_go_with_them(tiny_bert: Path):
    found = events_of(recipe_of(tiny_bert, BOTH))
    steps = [e for e in found if isinstance(e, Step)]
    assert [e.step for e in steps] == [1, 2, 3, 4, 5, 6]
    assert [e.epoch for e in steps] == pytest.approx([step / found[0].steps_per_epoch for step in range(1, 7)])


@pytest.mark.parametrize(("budget", "steps"), [({"epochs": 0.5}, 0.5), ({"epochs": 2, "max_steps": 3}, None)])
def test_a_run_is_as_long_as_its_budget(tiny_bert: Path, budget: dict[str, float], steps: float | None):
    found = events_of(recipe_of(tiny_bert, ["sentiment"], budget={"batch_tokens": 128, **budget}))
    expected = 3 if steps is None else round(steps * found[0].steps_per_epoch)
    assert found[0].total_steps == last(found).step == len(losses(found)) == expected
    assert last(found).reason is StopReason.COMPLETED


def test_each_batch_is_of_one_task_and_every_task_gets_some(tiny_bert: Path):
    found = losses(events_of(recipe_of(tiny_bert, BOTH, sampling={"schedule": "round_robin"})))
    assert [task for task, _ in found] == ["topic", "entities"] * 3


def test_a_stop_ends_the_run_in_order_and_keeps_its_weights(tiny_bert: Path, tmp_path: Path):
    found: list[Event] = []
    for event in mtl.train(recipe_of(tiny_bert, BOTH), folder=tmp_path, should_stop=lambda: len(losses(found)) == 3):
        found.append(event)
    assert last(found).reason is StopReason.STOPPED
    assert last(found).step == len(losses(found)) == 3
    assert kinds(found)[-2:] == ["saved", "finished"]
    assert read_config(tmp_path / "last").step == 3


def test_a_run_whose_time_is_up_stops_in_order(tiny_bert: Path, tmp_path: Path):
    recipe = recipe_of(tiny_bert, BOTH, budget={"max_minutes": 1e-9, "epochs": 100})
    found = events_of(recipe, tmp_path)
    assert last(found).reason is StopReason.TIME
    assert last(found).step == 1
    assert read_config(tmp_path / "last").step == 1


def test_patience_ends_a_run_that_does_not_get_better(tiny_bert: Path):
    recipe = recipe_of(
        tiny_bert,
        ["topic"],
        optimizer={"backbone_lr": 1e-12, "head_lr": 1e-12},
        budget={"epochs": 100, "max_steps": 20},
        evaluation={"every": 2, "patience": 3},
    )
    found = last(events_of(recipe))
    assert (found.reason, found.step) == (StopReason.EARLY, 6)


def test_the_best_checkpoint_is_that_of_the_best_evaluation(tiny_bert: Path, tmp_path: Path):
    recipe = recipe_of(
        tiny_bert,
        BOTH,
        budget={"epochs": 100, "max_steps": 16},
        evaluation={"every": 4, "best": "topic/macro_f1"},
        seed=5,
    )
    found = events_of(recipe, tmp_path)
    course = {e.step: e.metrics["eval/topic/macro_f1"] for e in found if isinstance(e, Evaluated)}
    best = max(course, key=lambda step: course[step])
    saved = [e for e in found if isinstance(e, Saved) and e.name == "best"]
    assert (saved[-1].step, saved[-1].score) == (best, course[best])
    config = read_config(tmp_path / "best")
    assert (config.step, config.metrics["eval/topic/macro_f1"]) == (best, course[best])
    assert read_config(tmp_path / "last").step == 16


def test_a_saved_event_says_how_large_the_checkpoint_is(tiny_bert: Path, tmp_path: Path):
    saved = [e for e in events_of(recipe_of(tiny_bert, BOTH), tmp_path) if isinstance(e, Saved)]
    assert saved[-1].name == "last"
    files = [f for f in (tmp_path / "last").rglob("*") if f.is_file() and f.name != SUMMARIES_FILE]
    assert saved[-1].size_bytes == sum(f.stat().st_size for f in files)


def test_without_a_folder_nothing_is_saved(tiny_bert: Path):
    assert "saved" not in kinds(events_of(recipe_of(tiny_bert, BOTH)))


def test_a_loss_that_is_no_number_ends_the_run_with_a_sentence(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch):
    honest, calls = accumulation.batch_loss, []

    def batch_loss(model: MultiTaskModel, batch: TrainBatch) -> BatchLoss:
        calls.append(1)
        loss = honest(model, batch)
        factor = math.nan if len(calls) == 3 else 1.0
        return BatchLoss({name: value * factor for name, value in loss.tasks.items()}, loss.moved)

    monkeypatch.setattr(accumulation, "batch_loss", batch_loss)
    with pytest.raises(TrainingError, match="^step 3: the loss of topic is nan, so training ends here"):
        events_of(recipe_of(tiny_bert, ["topic"]))


def test_a_loss_that_is_no_number_changes_no_weights(tiny_bert: Path, monkeypatch: pytest.MonkeyPatch):
    kept: list[dict[str, torch.Tensor]] = []

    def batch_loss(model: MultiTaskModel, _: TrainBatch) -> BatchLoss:
        kept.append({name: p.detach().clone() for name, p in model.named_parameters()})
        kept.append(dict(model.named_parameters()))
        loss = sum(p.sum() for p in model.parameters() if p.requires_grad) * math.inf
        return BatchLoss({"topic": loss}, None)

    monkeypatch.setattr(accumulation, "batch_loss", batch_loss)
    with pytest.raises(TrainingError):
        events_of(recipe_of(tiny_bert, ["topic"]))
    assert all(torch.equal(kept[1][name], tensor) for name, tensor in kept[0].items())


def test_a_huge_learning_rate_never_ends_in_silence(tiny_bert: Path):
    recipe = recipe_of(
        tiny_bert,
        ["topic"],
        optimizer={"backbone_lr": 0.99, "head_lr": 0.99, "clip": 1e30},
        budget={"epochs": 100, "max_steps": 20, "batch_tokens": 256},
    )
    try:
        assert all(math.isfinite(loss) for _, loss in losses(events_of(recipe)))
    except TrainingError as error:
        assert "so training ends here" in str(error)


def test_a_task_with_a_frozen_head_on_a_frozen_backbone_is_only_measured(tiny_bert: Path):
    recipe = recipe_of(tiny_bert, BOTH, freezing={"preset": "heads_only", "frozen_heads": ["topic"]})
    found = events_of(recipe)
    assert {task for task, _ in losses(found)} == {"entities"}
    assert "topic: nothing to train here, it is only measured" in found[0].notes
    assert len(set(scores(found, "eval/topic/accuracy"))) == 1


def test_a_task_without_dev_data_is_trained_and_noted(tiny_bert: Path):
    found = events_of(recipe_of(tiny_bert, BOTH, tasks_topic={"dev": []}))
    assert "topic: no dev data, so it is not evaluated" in found[0].notes
    assert not any("topic" in key for e in found if isinstance(e, Evaluated) for key in e.metrics)


@pytest.mark.parametrize(("preset", "told"), [("full", True), ("last_layers", True), ("heads_only", False)])
def test_what_a_run_makes_worse_without_a_measure_is_noted(tiny_bert: Path, tmp_path: Path, preset: str, told: bool):
    events_of(recipe_of(tiny_bert, BOTH), tmp_path)
    config = tmp_path / "last" / "config.json"
    config.write_text(re.sub(r'"temperature": [\d.]+', '"temperature": 1.5', config.read_text()))
    more = recipe_of(tmp_path / "last", ("topic",), tasks_topic={"dev": []}, freezing={"preset": preset})
    notes = events_of(more)[0].notes
    assert any(note.startswith("entities: stays as it is while the encoder changes") for note in notes) is told
    kept = "topic: no dev data, so it is not evaluated, and its probabilities keep the temperature"
    assert any(note.startswith(kept) for note in notes)


def test_texts_that_are_cut_are_noted(tiny_bert: Path):
    found = events_of(recipe_of(tiny_bert, BOTH, max_length=8, long_texts="cut"))
    notes = [note for note in found[0].notes if "longer than 8 tokens and cut" in note]
    assert [note.split(":")[0] for note in notes] == list(BOTH)


def test_a_task_that_trains_needs_training_data(tiny_bert: Path):
    with pytest.raises(RecipeError, match=r"^tasks.topic.train: training data was expected"):
        events_of(recipe_of(tiny_bert, BOTH, tasks_topic={"train": []}))


def test_broken_data_end_a_run_before_anything_is_loaded(
    tiny_bert: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "bad.csv").write_text("text,label\nonly text\n")
    monkeypatch.setattr("mtl.training.setup.load_initial_model", lambda *_, **__: pytest.fail("a model was loaded"))
    with pytest.raises(DataError, match="bad.csv:2: 2 fields"):
        next(mtl.train(recipe_of(tiny_bert, ["topic"], tasks_topic={"train": str(tmp_path / "bad.csv")})))


def test_more_layers_than_the_backbone_has_are_refused(tiny_bert: Path):
    with pytest.raises(RecipeError, match="at most 3"):
        events_of(recipe_of(tiny_bert, BOTH, freezing={"preset": "last_layers", "layers": 4}))


def test_the_message_at_the_end_names_every_main_metric(tiny_bert: Path):
    found = events_of(recipe_of(tiny_bert, BOTH))
    final = [e for e in found if isinstance(e, Evaluated)][-1].metrics
    assert last(found).message == (
        f"completed after 6 steps: topic accuracy {final['eval/topic/accuracy']:.3f}, "
        f"entities f1 {final['eval/entities/f1']:.3f}"
    )


def test_a_step_tells_the_rate_it_was_made_with(tiny_bert: Path):
    recipe = recipe_of(tiny_bert, ["topic"], optimizer={"head_lr": 0.01, "warmup": 0.0}, budget={"max_steps": 4})
    rates = [e.learning_rate for e in events_of(recipe) if isinstance(e, Step)]
    assert rates == pytest.approx([0.01, 0.0075, 0.005, 0.0025])
