"""What training makes of a model: the same for one seed, better on every task."""

import math
from pathlib import Path

import pytest
import torch

from mtl.checkpoint import read_config
from mtl.recipe import load, parse
from mtl.runs import Evaluated, Event, Started, StopReason
from tests.mtl.conftest import MINILM
from tests.mtl.recipes import DEFAULTS, EXAMPLES, recipe_of, write_easy_data
from tests.mtl.training.seen import BOTH, events_of, last, losses, scores


def test_one_seed_gives_the_same_losses_to_the_bit(tiny_bert: Path):
    recipe = recipe_of(tiny_bert, ("topic", "names", "similarity"), seed=3)
    first, second = events_of(recipe), events_of(recipe)
    assert losses(first) == losses(second)
    assert [e.metrics for e in first if isinstance(e, Evaluated)] == [
        e.metrics for e in second if isinstance(e, Evaluated)
    ]


def test_random_numbers_drawn_elsewhere_before_a_run_change_nothing(tiny_bert: Path):
    recipe = recipe_of(tiny_bert, BOTH)
    torch.manual_seed(1)
    first = losses(events_of(recipe))
    torch.manual_seed(2)
    assert losses(events_of(recipe)) == first


def test_another_seed_gives_other_losses(tiny_bert: Path):
    runs = [losses(events_of(recipe_of(tiny_bert, ["topic"], seed=seed))) for seed in (1, 2)]
    assert runs[0] != runs[1]


@pytest.fixture(scope="module")
def learnt(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Event]:
    """Two runs on data that a tiny model can learn."""
    folder = tmp_path_factory.mktemp("easy")
    tasks = write_easy_data(folder)
    found: list[Event] = []
    for names in (("topic", "names"), ("pairs",)):
        content = DEFAULTS | {
            "backbone": str(tiny_bert),
            "tasks": {name: tasks[name] for name in names},
            "optimizer": {"backbone_lr": 1e-2, "head_lr": 3e-2},
            "budget": {"epochs": 1000, "max_steps": 150, "batch_tokens": 256},
            "sampling": {"schedule": "round_robin"},
            "seed": 3,
        }
        found += events_of(parse(content, folder=folder))
    return found


@pytest.mark.parametrize(
    ("key", "before", "after"),
    [("topic/accuracy", 0.5, 0.95), ("names/f1", 0.5, 0.9), ("pairs/spearman_cosine", 0.5, 0.8)],
)
def test_training_learns_what_the_data_show(learnt: list[Event], key: str, before: float, after: float):
    first, final = scores(learnt, f"eval/{key}")
    assert first < before
    assert final > after


@pytest.mark.parametrize("task", ["topic", "names", "pairs"])
def test_training_lowers_the_loss_of_every_task(learnt: list[Event], task: str):
    course = [loss for name, loss in losses(learnt) if name == task]
    assert sum(course[-5:]) < 0.5 * sum(course[:5])


@pytest.mark.slow
def test_training_on_the_example_pairs_raises_the_spearman_of_unseen_ones():
    recipe = recipe_of(
        Path(MINILM),
        ["similarity"],
        optimizer={"backbone_lr": 3e-4},
        budget={"epochs": 100, "max_steps": 8, "batch_tokens": 512},
        freezing={"preset": "last_layers", "layers": 1},
    )
    before, after = scores(events_of(recipe), "eval/similarity/spearman_cosine")
    assert after > before + 0.02


@pytest.mark.parametrize("loss", ["cosine", "cosent", "multiple_negatives"])
def test_all_similarity_losses_can_be_trained(tiny_bert: Path, loss: str):
    recipe = recipe_of(tiny_bert, ["similarity"], tasks_similarity={"head": {"loss": loss}})
    assert last(events_of(recipe)).reason is StopReason.COMPLETED


def test_the_weight_of_a_task_scales_its_gradient_and_not_the_loss_told(
    tiny_bert: Path, monkeypatch: pytest.MonkeyPatch
):
    norms: dict[float, float] = {}
    told: dict[float, float] = {}
    for weight in (1.0, 3.0):
        recipe = recipe_of(tiny_bert, ["topic"], tasks_topic={"weight": weight}, budget={"max_steps": 1}, anchor=0)
        with monkeypatch.context() as patch:
            patch.setattr(
                torch.nn.utils,
                "clip_grad_norm_",
                lambda parameters, *_, w=weight, **__: norms.setdefault(
                    w, float(torch.cat([p.grad.flatten() for p in parameters if p.grad is not None]).norm())
                ),
            )
            told[weight] = losses(events_of(recipe))[0][1]
    assert norms[3.0] == pytest.approx(3 * norms[1.0], rel=1e-4)
    assert told[3.0] == told[1.0]


def test_weights_change_what_two_tasks_make_of_one_backbone(tiny_bert: Path):
    runs = []
    for weight in (0.1, 1.0):
        recipe = recipe_of(tiny_bert, BOTH, tasks_topic={"weight": weight}, budget={"max_steps": 8})
        runs.append(losses(events_of(recipe)))
    assert runs[0][:1] == runs[1][:1]
    assert runs[0] != runs[1]


def test_training_in_bfloat16_runs_and_says_so(tiny_bert: Path):
    found = events_of(recipe_of(tiny_bert, ("topic", "names", "similarity"), precision="bf16"))
    assert found[0].precision == "bf16"
    assert all(math.isfinite(loss) for _, loss in losses(found))


@pytest.mark.parametrize("pooling", ["mean", "cls", "max", "mean_sqrt_len", "weighted_mean", "last_token"])
def test_every_pooling_can_be_trained(tiny_bert: Path, tmp_path: Path, pooling: str):
    events_of(recipe_of(tiny_bert, ["topic"], pooling=pooling, budget={"max_steps": 2}), tmp_path)
    assert read_config(tmp_path / "last").pooling == pooling


@pytest.mark.slow
def test_the_example_recipes_train_on_the_real_backbone_for_a_step():
    recipe = load(EXAMPLES / "recipes/topic_and_entities.yaml", ["budget.max_steps=1", "tasks.topic.max_rows=20"])
    assert isinstance(events_of(recipe)[0], Started)
