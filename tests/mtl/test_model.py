"""One encoder and its heads."""

from pathlib import Path

import pytest
import torch

from mtl.encoder import load_backbone
from mtl.errors import RecipeError
from mtl.heads import ClassificationHead, SimilarityHead, TaggingHead
from mtl.model import MultiTaskModel, TaskInfo
from mtl.recipe import HeadConfig, TaskKind
from tests.tiny import HIDDEN


def classification(name: str, **head: object) -> TaskInfo:
    return TaskInfo(name, TaskKind.CLASSIFICATION, ("a", "b", "c"), HeadConfig(**head))


def model_of(folder: Path, *tasks: TaskInfo) -> MultiTaskModel:
    return MultiTaskModel(load_backbone(str(folder)).encoder, {task.name: task for task in tasks})


def test_each_task_has_a_head_of_its_kind(tiny_bert: Path):
    model = model_of(
        tiny_bert,
        classification("topic"),
        TaskInfo("names", TaskKind.TAGGING, ("LOC", "PER"), HeadConfig()),
        TaskInfo("pairs", TaskKind.SIMILARITY, (), HeadConfig()),
    )
    kinds = {name: type(head) for name, head in model.heads.items()}
    assert kinds == {"topic": ClassificationHead, "names": TaggingHead, "pairs": SimilarityHead}
    assert model.heads["topic"].output.out_features == 3
    assert model.heads["names"].output.out_features == 5


def test_two_tasks_of_one_kind_have_heads_of_their_own(tiny_bert: Path):
    model = model_of(tiny_bert, classification("one"), classification("two"))
    ids = [{id(p) for p in model.heads[name].parameters()} for name in ("one", "two")]
    assert not ids[0] & ids[1]


def test_tasks_keep_their_order(tiny_bert: Path):
    names = ["z", "a", "m"]
    assert list(model_of(tiny_bert, *map(classification, names)).tasks) == names


def test_a_group_of_heads_shares_one_layer(tiny_bert: Path):
    model = model_of(
        tiny_bert, classification("one", shared="early"), classification("two", shared="early"), classification("three")
    )
    one, two = model.head_modules("one"), model.head_modules("two")
    assert one[1] is two[1] is model.shared["early"]
    assert model.head_modules("three") == (model.heads["three"],)
    names = [name for name, _ in model.named_parameters() if name.startswith("shared.")]
    assert names == ["shared.early.0.weight", "shared.early.0.bias"]


def test_a_shared_layer_acts_on_every_head_of_its_group(tiny_bert: Path):
    model = model_of(tiny_bert, classification("one", shared="early"), classification("two", shared="early")).eval()
    pooled = torch.randn(2, HIDDEN)
    before = {name: model.heads[name](pooled) for name in ("one", "two")}
    with torch.no_grad():
        model.shared["early"][0].weight.mul_(2)
    assert all(not torch.equal(model.heads[name](pooled), before[name]) for name in before)


def test_heads_that_share_a_layer_agree_on_its_size(tiny_bert: Path):
    with pytest.raises(RecipeError) as error:
        model_of(tiny_bert, classification("one", shared="s", hidden=8), classification("two", shared="s", hidden=4))
    assert str(error.value) == "tasks.two.head.hidden: 8 was expected as in the other heads that share 's', was 4"


def test_a_shared_layer_needs_a_size(tiny_bert: Path):
    with pytest.raises(RecipeError, match=r"^tasks.one.head: a shared layer needs a hidden size$"):
        model_of(tiny_bert, classification("one", shared="s", hidden=()))


@pytest.mark.parametrize("name", ["items", "train", "keys", "forward"])
def test_a_task_that_pytorch_could_not_hold_is_refused(tiny_bert: Path, name: str):
    with pytest.raises(RecipeError, match=f"^tasks.{name}: another name was expected, this one is taken by PyTorch$"):
        model_of(tiny_bert, classification(name))


@pytest.mark.parametrize("group", ["items", "a.b", ""])
def test_a_group_that_pytorch_could_not_hold_is_refused(tiny_bert: Path, group: str):
    with pytest.raises(RecipeError):
        model_of(tiny_bert, classification("one", shared=group))


def test_a_model_without_tasks_is_its_encoder(tiny_bert: Path):
    model = model_of(tiny_bert)
    assert {name.split(".")[0] for name, _ in model.named_parameters()} == {"encoder"}
    assert model.device == torch.device("cpu")
