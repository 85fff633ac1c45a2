"""Checkpoints: what is stored, what comes back, what is refused."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

import mtl
from mtl.checkpoint import is_checkpoint, read_config, store
from mtl.checkpoint.store import LoadedModel, Snapshot, load, out_of_range, save
from mtl.encoder import load_backbone
from mtl.errors import CheckpointError
from mtl.inference import Engine
from mtl.model import MultiTaskModel
from mtl.training import set_up
from tests.mtl.recipes import recipe_of
from tests.tiny import EXACT

TEXTS = ["Anna met Tom in Paris.", "a very bad film", "", "The team won the match in Berlin, didn't it?"]
SNAPSHOT = Snapshot(7, {"eval/topic/accuracy": 0.5}, {"seed": 3})


@pytest.fixture
def copied(trained: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(trained / "last", tmp_path / "copy"))


@pytest.fixture
def trained_model(tiny_bert: Path) -> LoadedModel:
    """A model in memory whose trained part differs from its backbone."""
    trainer = set_up(recipe_of(tiny_bert, ("topic", "names"), freezing={"preset": "last_layers", "layers": 1}))
    torch.manual_seed(0)
    with torch.no_grad():
        for parameter in trainer.loaded.model.parameters():
            if parameter.requires_grad:
                parameter.add_(torch.randn_like(parameter) * 0.1)
    return trainer.loaded


def predictions(engine: Engine) -> tuple[np.ndarray, np.ndarray, list]:
    found = engine.analyze(TEXTS)
    embeddings = np.stack([a.embedding for a in found])
    classes = np.array([[p for task in a.classes.values() for p in task.values()] for a in found])
    spans = [[(t, e["entity_group"], e["start"], e["end"]) for t, es in a.entities.items() for e in es] for a in found]
    return embeddings, classes, spans


def complaint(folder: Path) -> str:
    with pytest.raises(CheckpointError) as error:
        load(folder)
    assert "\n" not in str(error.value)
    return str(error.value)


def edit_config(folder: Path, **changes: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | changes))


def test_a_checkpoint_predicts_as_the_model_that_was_saved(trained_model: LoadedModel, tmp_path: Path):
    before = predictions(Engine.of(trained_model, name="memory", long_texts="cut"))
    save(trained_model, tmp_path / "c", SNAPSHOT)
    after = predictions(Engine.load(tmp_path / "c", **EXACT))
    np.testing.assert_allclose(after[0], before[0], rtol=0, atol=1e-6)
    np.testing.assert_allclose(after[1], before[1], rtol=0, atol=1e-6)
    assert after[2] == before[2]


def test_what_a_checkpoint_knows_comes_back(trained_model: LoadedModel, tmp_path: Path):
    save(trained_model, tmp_path / "c", SNAPSHOT)
    loaded = load(tmp_path / "c")
    assert loaded.model.tasks == trained_model.model.tasks
    assert loaded.backbone == trained_model.backbone
    assert loaded.tokenizer.max_length == trained_model.tokenizer.max_length
    config = read_config(tmp_path / "c")
    assert (config.step, config.metrics, config.recipe) == (7, {"eval/topic/accuracy": 0.5}, {"seed": 3})


def test_only_heads_and_trained_tensors_are_stored(trained: Path):
    names = set(load_file(trained / "last" / "model.safetensors"))
    backbone = {name for name in names if name.startswith("encoder.")}
    assert backbone == {name for name in names if name.startswith("encoder.model.encoder.layer.2.")}
    assert {name.split(".")[1] for name in names - backbone} == {"topic", "sentiment", "entities", "names"}


def test_a_run_on_a_frozen_backbone_stores_heads_only(tiny_bert: Path, tmp_path: Path):
    recipe = recipe_of(tiny_bert, ["topic"], freezing={"preset": "heads_only"}, budget={"max_steps": 1})
    list(mtl.train(recipe, folder=tmp_path))
    assert all(name.startswith("heads.topic.") for name in load_file(tmp_path / "last" / "model.safetensors"))


def test_half_precision_halves_the_tensors(tiny_bert: Path, tmp_path: Path):
    sizes, engines = [], []
    for dtype in ("float32", "float16"):
        recipe = recipe_of(tiny_bert, ["topic"], checkpoint={"dtype": dtype}, budget={"max_steps": 2})
        list(mtl.train(recipe, folder=tmp_path / dtype))
        tensors = load_file(tmp_path / dtype / "last" / "model.safetensors")
        assert {str(t.dtype) for t in tensors.values()} == {f"torch.{dtype}"}
        sizes.append(sum(t.numel() * t.element_size() for t in tensors.values()))
        engines.append(Engine.load(tmp_path / dtype / "last", **EXACT))
    assert sizes[1] * 2 == sizes[0]
    np.testing.assert_allclose(engines[1].encode(TEXTS), engines[0].encode(TEXTS), rtol=0, atol=0.05)


def test_a_loaded_model_is_in_float32_whatever_was_stored(tiny_bert: Path, tmp_path: Path):
    recipe = recipe_of(tiny_bert, ["topic"], checkpoint={"dtype": "float16"}, budget={"max_steps": 1})
    list(mtl.train(recipe, folder=tmp_path))
    assert {p.dtype for p in load(tmp_path / "last").model.parameters()} == {torch.float32}


def test_pooling_and_length_of_the_recipe_come_back(tiny_bert: Path, tmp_path: Path):
    recipe = recipe_of(tiny_bert, ["topic"], pooling="max", max_length=12, budget={"max_steps": 1})
    list(mtl.train(recipe, folder=tmp_path))
    loaded = load(tmp_path / "last")
    assert (loaded.model.encoder.pooling, loaded.tokenizer.max_length) == ("max", 12)


def test_shared_layers_are_stored_and_come_back(tiny_bert: Path, tmp_path: Path):
    shared = {"head": {"shared": "early"}}
    recipe = recipe_of(
        tiny_bert,
        ["topic", "sentiment"],
        tasks_topic=shared,
        tasks_sentiment=shared,
        freezing={"preset": "heads_only"},
        budget={"max_steps": 2},
    )
    list(mtl.train(recipe, folder=tmp_path))
    stored = load_file(tmp_path / "last" / "model.safetensors")
    loaded = dict(load(tmp_path / "last").model.named_parameters())
    assert torch.equal(loaded["shared.early.0.weight"], stored["shared.early.0.weight"])


def test_a_checkpoint_is_told_from_a_backbone(trained: Path, tiny_bert: Path, tmp_path: Path):
    assert is_checkpoint(trained / "last")
    assert not is_checkpoint(tiny_bert)
    assert not is_checkpoint(tmp_path / "none")


@pytest.mark.parametrize(
    ("changes", "gist"),
    [
        ({"format": "polyhead-9"}, "format"),
        ({"pooling": "average"}, "pooling"),
        ({"max_length": "long"}, "max_length"),
        ({"tasks": {"a": {"kind": "tagging"}}}, "tasks.a."),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_a_configuration_of_another_form_is_refused(copied: Path, changes: dict[str, object], gist: str):
    edit_config(copied, **changes)
    expected = f"{copied / 'config.json'}: a configuration of format polyhead-1 was expected: {gist}"
    assert complaint(copied).startswith(expected)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": "polyhead-1"', b"\xff\xfe"])
def test_a_damaged_configuration_is_refused(copied: Path, content: bytes):
    (copied / "config.json").write_bytes(content)
    assert complaint(copied).startswith(f"{copied / 'config.json'}: a configuration of format polyhead-1 was expected")


def test_a_missing_configuration_is_refused(copied: Path):
    (copied / "config.json").unlink()
    assert (
        complaint(copied)
        == f"{copied / 'config.json'}: a checkpoint's configuration was expected: No such file or directory"
    )


@pytest.mark.parametrize("content", [b"", b"garbage", None])
def test_damaged_or_missing_weights_are_refused(copied: Path, content: bytes | None):
    (copied / "model.safetensors").unlink()
    if content is not None:
        (copied / "model.safetensors").write_bytes(content)
    assert complaint(copied) == f"{copied / 'model.safetensors'}: readable safetensors were expected"


def test_weights_that_end_early_are_refused(copied: Path):
    whole = (copied / "model.safetensors").read_bytes()
    (copied / "model.safetensors").write_bytes(whole[: len(whole) // 2])
    assert complaint(copied) == f"{copied / 'model.safetensors'}: readable safetensors were expected"


def rewrite(folder: Path, change) -> None:
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


def test_a_tensor_that_is_missing_is_named(copied: Path):
    rewrite(copied, lambda tensors: tensors.pop("heads.topic.output.bias"))
    assert complaint(copied).endswith("found it lacking heads.topic.output.bias")


def test_a_tensor_too_many_is_named(copied: Path):
    rewrite(copied, lambda tensors: tensors.update({"heads.colour.bias": torch.zeros(1)}))
    assert complaint(copied).endswith("found it unexpected heads.colour.bias")


def test_a_tensor_of_another_shape_is_named(copied: Path):
    rewrite(copied, lambda tensors: tensors.update({"heads.topic.output.bias": torch.zeros(3)}))
    assert complaint(copied).endswith("heads.topic.output.bias of shape (7,) was expected, was (3,)")


def test_a_trained_layer_that_is_missing_from_the_weights_is_refused(copied: Path):
    rewrite(copied, lambda tensors: [tensors.pop(name) for name in list(tensors) if name.startswith("encoder.")])
    complaint(copied)


def test_a_new_checkpoint_takes_the_place_of_an_old_one(trained_model: LoadedModel, tmp_path: Path):
    for step in (1, 2):
        save(trained_model, tmp_path / "c", Snapshot(step, {}, {}))
        (tmp_path / "c" / "stray").touch()
    assert read_config(tmp_path / "c").step == 2
    assert [p.name for p in tmp_path.iterdir()] == ["c"]


@pytest.mark.parametrize("broken", ["save_weights", "model_card"])
def test_a_save_that_fails_leaves_the_old_checkpoint_whole(
    trained_model: LoadedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: str
):
    save(trained_model, tmp_path / "c", Snapshot(1, {}, {}))

    def fail(*_: object, **__: object) -> None:
        raise OSError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(store, broken, fail)
        with pytest.raises(OSError, match="disk full"):
            save(trained_model, tmp_path / "c", Snapshot(2, {}, {}))
    assert load(tmp_path / "c").config.step == 1
    save(trained_model, tmp_path / "c", Snapshot(3, {}, {}))
    assert load(tmp_path / "c").config.step == 3


@pytest.mark.parametrize("has_new", [True, False])
def test_a_checkpoint_whose_writer_was_killed_between_two_moves_is_there_again(
    trained_model: LoadedModel, tmp_path: Path, has_new: bool
):
    folder = tmp_path / "c"
    save(trained_model, folder, Snapshot(1, {}, {}))
    if has_new:
        shutil.copytree(folder, tmp_path / ".c.new")
    folder.rename(tmp_path / ".c.old")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "save_weights", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            save(trained_model, folder, Snapshot(2, {}, {}))
    assert load(folder).config.step == 1
    save(trained_model, folder, Snapshot(3, {}, {}))
    assert load(folder).config.step == 3
    assert [p.name for p in tmp_path.iterdir()] == ["c"]


@pytest.mark.parametrize("value", [65504.0, 65505.0, 1e5, -1e5, 1e30])
def test_a_value_beyond_half_precision_is_stored_as_it_is(tiny_bert: Path, tmp_path: Path, value: float):
    loaded = set_up(recipe_of(tiny_bert, ["topic"])).loaded
    name, parameter = next(iter(loaded.model.heads.named_parameters(prefix="heads")))
    parameter.data.view(-1)[0] = value
    too_large = [name] if abs(value) > 65504 else []
    assert out_of_range(loaded, torch.float16) == too_large
    assert out_of_range(loaded, torch.float32) == []
    save(loaded, tmp_path / "c", Snapshot(1, {}, {}, torch.float16))
    stored = load_file(tmp_path / "c" / "model.safetensors")
    assert [key for key, tensor in stored.items() if tensor.dtype == torch.float32] == too_large
    assert torch.equal(dict(load(tmp_path / "c").model.named_parameters())[name].view(-1)[0], torch.tensor(value))


def test_the_size_told_is_that_on_disk(trained_model: LoadedModel, tmp_path: Path):
    size = save(trained_model, tmp_path / "c", SNAPSHOT)
    assert size == sum(file.stat().st_size for file in (tmp_path / "c").iterdir())


def test_a_bare_backbone_can_be_saved_and_stays_bit_equal(tiny_bert: Path, tmp_path: Path):
    backbone = load_backbone(str(tiny_bert))
    model = MultiTaskModel(backbone.encoder, {}).requires_grad_(False)
    save(LoadedModel(model, backbone.tokenizer, backbone.source, None), tmp_path / "c", SNAPSHOT)
    np.testing.assert_array_equal(
        Engine.load(tmp_path / "c", **EXACT).encode(TEXTS), Engine.load(tiny_bert, **EXACT).encode(TEXTS)
    )


def test_a_temperature_is_stored_and_one_of_one_is_not_written(trained_model: LoadedModel, tmp_path: Path):
    topic = trained_model.model.tasks["topic"]
    trained_model.model.tasks["topic"] = replace(topic, temperature=1.7)
    save(trained_model, tmp_path / "c", SNAPSHOT)
    assert load(tmp_path / "c").model.tasks["topic"].temperature == 1.7
    written = json.loads((tmp_path / "c" / "config.json").read_text())["tasks"]
    assert "temperature" not in written["names"]
    written["topic"]["temperature"] = 0
    edit_config(tmp_path / "c", tasks=written)
    assert "tasks.topic.temperature" in complaint(tmp_path / "c")
