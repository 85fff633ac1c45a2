"""Training that starts from a checkpoint."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from mtl import Engine
from mtl.errors import RecipeError
from mtl.inference.analysis import Analysis
from tests.mtl.recipes import recipe_of
from tests.mtl.training.seen import events_of, scores
from tests.tiny import EXACT

SENTENCES = ["anna met tom in paris", "the team won the match"]


@pytest.fixture(scope="module")
def trained(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("first")
    events_of(recipe_of(tiny_bert, ["topic", "entities"], freezing={"preset": "last_layers", "layers": 1}), folder)
    return folder / "last"


def tensors(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def analyses(folder: Path) -> list[Analysis]:
    return Engine.load(folder, **EXACT).analyze(SENTENCES)


def test_a_new_task_gets_a_head_and_leaves_the_others_bit_equal(trained: Path, tmp_path: Path):
    events_of(recipe_of(trained, ["sentiment"], freezing={"preset": "heads_only"}), tmp_path)
    before, after = tensors(trained), tensors(tmp_path / "last")
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())
    assert {name.split(".")[1] for name in set(after) - set(before)} == {"sentiment"}


def test_the_other_tasks_answer_as_before(trained: Path, tmp_path: Path):
    events_of(recipe_of(trained, ["sentiment"], freezing={"preset": "heads_only"}), tmp_path)
    for before, after in zip(analyses(trained), analyses(tmp_path / "last"), strict=True):
        assert after.classes["topic"] == before.classes["topic"]
        assert after.entities["entities"] == before.entities["entities"]
        assert set(after.classes) == {"topic", "sentiment"}


def test_one_head_is_retrained_and_no_other_tensor_changes(trained: Path, tmp_path: Path):
    events_of(recipe_of(trained, ["entities"], freezing={"preset": "heads_only"}), tmp_path)
    before, after = tensors(trained), tensors(tmp_path / "last")
    changed = {name for name, tensor in before.items() if not torch.equal(after[name], tensor)}
    assert changed
    assert all(name.startswith("heads.entities.") for name in changed)


def test_layers_that_were_trained_before_stay_in_the_checkpoint(trained: Path, tmp_path: Path):
    events_of(recipe_of(trained, ["topic"], freezing={"preset": "heads_only"}), tmp_path)
    assert set(tensors(tmp_path / "last")) == set(tensors(trained))


def test_a_run_goes_on_from_the_weights_and_not_from_the_backbone(trained: Path, tmp_path: Path):
    first = events_of(recipe_of(trained, ["topic"], freezing={"preset": "heads_only"}), tmp_path)
    config = Engine.load(trained)
    assert scores(first, "eval/topic/accuracy")[0] == pytest.approx(
        config.evaluate("topic", examples_of("topic"))["accuracy"]
    )


def examples_of(task: str) -> tuple:
    from mtl.data import read_task
    from tests.mtl.recipes import EXAMPLES

    recipe = recipe_of(EXAMPLES, [task])
    return read_task(task, recipe.tasks[task]).dev


def test_drift_counts_from_the_untouched_backbone(trained: Path, tmp_path: Path):
    events = events_of(recipe_of(trained, ["topic"], freezing={"preset": "heads_only"}), tmp_path)
    assert scores(events, "eval/embedding/drift")[0] > 1e-6


@pytest.mark.slow
def test_a_head_keeps_its_labels(trained: Path, tmp_path: Path):
    data = tmp_path / "two.csv"
    data.write_text("text,label\na team,sports\na hotel,travel\n")
    recipe = recipe_of(trained, ["topic"], tasks_topic={"train": str(data)}, freezing={"preset": "heads_only"})
    events_of(recipe, tmp_path / "run")
    assert Engine.load(tmp_path / "run" / "last").tasks["topic"].labels == Engine.load(trained).tasks["topic"].labels


def test_a_label_that_the_head_lacks_is_refused_where_only_dev_data_have_it(trained: Path, tmp_path: Path):
    data = tmp_path / "new.csv"
    data.write_text("text,label\na team,sports\na cake,cooking\n")
    recipe = recipe_of(trained, ["topic"], tasks_topic={"train": [], "dev": str(data)}, freezing={"preset": "full"})
    with pytest.raises(RecipeError, match="^tasks.topic.dev: labels of the checkpoint's head .* found cooking too"):
        events_of(recipe)


def test_another_kind_is_refused(trained: Path):
    recipe = recipe_of(trained, ["topic"], tasks_topic={"kind": "tagging", "train": "entities/train.conll", "dev": []})
    with pytest.raises(RecipeError, match="^tasks.topic.kind: classification was expected"):
        events_of(recipe)


def test_another_shape_of_head_is_refused(trained: Path):
    with pytest.raises(RecipeError, match="^tasks.topic.head: the checkpoint's head keeps its shape"):
        events_of(recipe_of(trained, ["topic"], tasks_topic={"head": {"hidden": 7}}))


@pytest.mark.parametrize(("key", "value"), [("pooling", "max"), ("max_length", 16)])
def test_another_pooling_or_length_is_refused(trained: Path, key: str, value: object):
    with pytest.raises(RecipeError, match=f"^{key}: "):
        events_of(recipe_of(trained, ["topic"], **{key: value}))


def test_adapters_keep_their_rank(tiny_bert: Path, tmp_path: Path):
    events_of(recipe_of(tiny_bert, ["topic"], freezing={"preset": "lora", "rank": 2}), tmp_path)
    with pytest.raises(RecipeError, match="^freezing.rank: 2 was expected as the checkpoint's adapters have, was 8$"):
        events_of(recipe_of(tmp_path / "last", ["topic"], freezing={"preset": "lora", "rank": 8}))
