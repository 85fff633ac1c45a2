"""The angle between tasks' gradients, against gradients taken one by one."""

from pathlib import Path

import pytest
import torch

from mtl.recipe import Recipe
from mtl.runs import Evaluated
from mtl.training.gradients import gradient_cosines
from mtl.training.losses import batch_loss
from mtl.training.sampler import BatchIndices
from tests.mtl.recipes import quick_recipe
from tests.mtl.training.seen import begin, events_of

ASKED = {"every": 1000, "gradient_cosine": True}


def test_the_cosine_is_that_of_the_gradients_on_the_shared_part(tiny_bert: Path, tmp_path: Path):
    freezing = {"preset": "last_layers", "layers": 1}
    trainer, run = begin(quick_recipe(tiny_bert, tmp_path, ("topic", "names"), freezing=freezing))
    found = gradient_cosines(trainer)
    gradients = []
    for task in ("topic", "names"):
        model = trainer.loaded.model.eval()
        model.zero_grad()
        batch_loss(
            model, trainer.batch(BatchIndices(task, trainer.schedule.sampler.batches(task)[0]))
        ).task_sum.backward()
        layer = model.encoder.parts().layers[-1]
        gradients.append(torch.cat([p.grad.flatten() for p in layer.parameters()]))
    expected = float(torch.nn.functional.cosine_similarity(*gradients, dim=0))
    assert found == {"topic/names": pytest.approx(expected, abs=1e-5)}
    run.close()


def test_it_is_measured_at_every_evaluation_where_asked(tiny_bert: Path, tmp_path: Path):
    events = events_of(quick_recipe(tiny_bert, tmp_path, evaluation=ASKED))
    measured = [event.gradient_cosines for event in events if isinstance(event, Evaluated)]
    assert [set(cosines) for cosines in measured] == [{"topic/names", "topic/pairs", "names/pairs"}] * 2
    assert all(-1 <= value <= 1 for cosines in measured for value in cosines.values())


@pytest.mark.parametrize("evaluation", [{"every": 1000}, ASKED], ids=["not asked", "nothing shared trains"])
def test_else_there_is_none(tiny_bert: Path, tmp_path: Path, evaluation: dict[str, object]):
    recipe: Recipe = quick_recipe(tiny_bert, tmp_path, evaluation=evaluation, freezing={"preset": "heads_only"})
    events = events_of(recipe)
    assert all(event.gradient_cosines == {} for event in events if isinstance(event, Evaluated))


def test_measuring_it_changes_no_step(tiny_bert: Path, tmp_path: Path):
    def losses(asked: bool) -> list[float]:
        evaluation = {"every": 2, "gradient_cosine": asked}
        events = events_of(quick_recipe(tiny_bert, tmp_path, evaluation=evaluation))
        return [event.loss for event in events if event.kind == "step"]

    assert losses(True) == losses(False)
