"""Recipes: read, overridden, refused with key path and expectation, written out."""

import math
from collections.abc import Iterator
from functools import reduce
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
import yaml
from pydantic import BaseModel

import mtl
from mtl.errors import RecipeError
from mtl.recipe import Decoder, HeadConfig, Pooling, Preset, Recipe, TaskKind, check, dump, load, parse

EXAMPLES = Path(__file__).parents[3] / "examples"

VALID = """
tasks:
  topic:
    kind: classification
    train: data/train.csv
    dev: [data/dev.csv]
    head: {hidden: 8, dropout: 0.2}
  names:
    kind: tagging
    train: [data/names.conll, hf:owner/name]
    head: {decoder: crf}
freezing: {preset: last_layers, layers: 2}
optimizer: {backbone_lr: 2e-5}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    for name in ("train.csv", "dev.csv", "names.conll"):
        (tmp_path / "data" / name).touch()
    return tmp_path


def write(folder: Path, content: str) -> Path:
    path = folder / "recipe.yaml"
    path.write_text(content, encoding="utf-8")
    return path


def complaint(folder: Path, content: str, *overrides: str) -> str:
    path = write(folder, content)
    with pytest.raises(RecipeError) as error:
        load(path, overrides)
    assert "\n" not in str(error.value)
    return str(error.value).removeprefix(f"{path}: ")


def test_a_recipe_says_what_to_do(folder: Path):
    recipe = load(write(folder, VALID))
    assert list(recipe.tasks) == ["topic", "names"]
    assert recipe.tasks["topic"].kind is TaskKind.CLASSIFICATION
    assert recipe.tasks["topic"].head == HeadConfig(hidden=(8,), dropout=0.2)
    assert recipe.tasks["names"].head.decoder is Decoder.CRF
    assert (recipe.freezing.preset, recipe.freezing.layers) == (Preset.LAST_LAYERS, 2)
    assert recipe.optimizer.backbone_lr == 2e-5


def test_what_a_recipe_leaves_out_has_its_default(folder: Path):
    recipe = load(write(folder, VALID))
    assert recipe.backbone == "sentence-transformers/all-MiniLM-L6-v2"
    assert (recipe.seed, recipe.sampling.alpha, recipe.tasks["names"].weight) == (42, 0.5, 1)


def test_the_public_name_loads_a_recipe(folder: Path):
    path = write(folder, VALID)
    assert mtl.Recipe.load(path) == load(path)


def test_data_paths_start_at_the_recipe_and_hub_names_stay(folder: Path, monkeypatch: pytest.MonkeyPatch):
    path = write(folder, VALID)
    monkeypatch.chdir(folder.parent)
    tasks = load(path).tasks
    assert tasks["topic"].train == (str(folder / "data/train.csv"),)
    assert tasks["topic"].dev == (str(folder / "data/dev.csv"),)
    assert tasks["names"].train == (str(folder / "data/names.conll"), "hf:owner/name")


def test_a_data_root_takes_the_place_of_the_recipes_folder(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SOME_DATA", str(folder / "data"))
    content = "data_root: ${SOME_DATA}\n" + VALID.replace("data/", "")
    assert load(write(folder, content)).tasks["topic"].train == (str(folder / "data/train.csv"),)


def test_a_data_root_whose_variable_is_not_set_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("NO_SUCH_VARIABLE", raising=False)
    message = complaint(folder, "data_root: ${NO_SUCH_VARIABLE}\n" + VALID)
    assert message.startswith("data_root: the environment variable in '${NO_SUCH_VARIABLE}' is not set")


def test_a_data_root_that_is_no_folder_is_refused(folder: Path):
    message = complaint(folder, "data_root: elsewhere\n" + VALID)
    assert message == "data_root: an existing folder was expected, was 'elsewhere'"


def test_a_recipe_written_out_loads_again_equal(folder: Path, tmp_path_factory: pytest.TempPathFactory):
    recipe = load(write(folder, VALID))
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    assert load(write(elsewhere, dump(recipe))) == recipe


def test_a_recipe_written_out_holds_every_default_but_of_heads_that_may_be_a_checkpoints(folder: Path):
    written = yaml.safe_load(dump(load(write(folder, VALID))))
    assert written["sampling"] == {"alpha": 0.5, "schedule": "random", "joint": True}
    assert written["tasks"]["names"]["weight"] == 1.0


@pytest.mark.parametrize("name", ["topic_and_entities", "similarity", "heads_only"])
def test_the_example_recipes_are_valid(name: str):
    assert load(EXAMPLES / f"recipes/{name}.yaml").tasks


@pytest.mark.parametrize(
    ("override", "read"),
    [
        ("seed=7", lambda r: r.seed == 7),
        ("pooling=cls", lambda r: r.pooling is Pooling.CLS),
        ("tasks.topic.weight=0.5", lambda r: r.tasks["topic"].weight == 0.5),
        ("tasks.names.head.hidden=[4, 2]", lambda r: r.tasks["names"].head.hidden == (4, 2)),
        ("budget.max_steps=3", lambda r: r.budget.max_steps == 3),
        ("budget={epochs: 2}", lambda r: r.budget.epochs == 2),
        ("about=a=b", lambda r: r.about == "a=b"),
    ],
)
def test_a_setting_overrides_a_key(folder: Path, override: str, read):
    assert read(load(write(folder, VALID), [override]))


@pytest.mark.parametrize(
    ("override", "gist"),
    [
        ("seed", "--set takes KEY=VALUE, was 'seed'"),
        ("=3", "--set takes KEY=VALUE, was '=3'"),
        ("seed=[1", "--set: seed: valid YAML was expected"),
        ("tasks.topic.kind.x=1", "--set tasks.topic.kind.x=1: kind holds no keys"),
        ("seeed=1", "seeed: this key is unknown"),
        ("budget.epochs=many", "budget.epochs: input should be a valid number"),
    ],
)
def test_a_setting_that_fits_nothing_is_refused(folder: Path, override: str, gist: str):
    assert gist in complaint(folder, VALID, override)


@pytest.mark.parametrize(
    ("content", "gist"),
    [
        (VALID + "seeds: 3\n", "seeds: this key is unknown"),
        (VALID.replace("weight_decay", "decay").replace("backbone_lr", "lr"), "optimizer.lr: this key is unknown"),
        (VALID.replace("dropout: 0.2", "drop: 0.2"), "tasks.topic.head.drop: this key is unknown"),
        ("seed: 3\n", "tasks: this key is missing"),
        ("tasks: {}\n", "tasks: "),
        ("tasks: {topic: {train: data/train.csv}}\n", "tasks.topic.kind: this key is missing"),
        ("tasks: {9lives: {kind: tagging}}\n", "tasks.9lives"),
        ("tasks: {1: {kind: tagging}}\n", "tasks.1"),
        (
            VALID + "seed: soon\n",
            "seed: input should be a valid integer, unable to parse string as an integer, was 'soon'",
        ),
        (VALID + "seed: -1\n", "seed: input should be greater than or equal to 0, was -1"),
        (VALID + "max_length: 4\n", "max_length: input should be greater than or equal to 8, was 4"),
        (
            VALID.replace("dropout: 0.2", "dropout: 1.0"),
            "tasks.topic.head.dropout: input should be less than 1, was 1.0",
        ),
        (VALID.replace("hidden: 8", "hidden: [8, 0]"), "tasks.topic.head.hidden.1: input should be greater than"),
        (VALID.replace("data/train.csv", "{a: b}"), "tasks.topic.train: "),
        (VALID + "sampling: {alpha: 2}\n", "sampling.alpha: input should be less than or equal to 1, was 2"),
    ],
)
def test_a_wrong_key_or_value_is_refused_with_its_path(folder: Path, content: str, gist: str):
    assert complaint(folder, content).startswith(gist)


@pytest.mark.parametrize(
    ("content", "key", "allowed"),
    [
        (VALID.replace("kind: tagging", "kind: ner"), "tasks.names.kind", ["classification", "tagging", "similarity"]),
        (VALID.replace("decoder: crf", "decoder: beam"), "tasks.names.head.decoder", ["linear", "crf"]),
        (
            VALID + "pooling: average\n",
            "pooling",
            ["mean", "cls", "max", "mean_sqrt_len", "weighted_mean", "last_token"],
        ),
        (
            VALID.replace("preset: last_layers, layers: 2", "preset: some"),
            "freezing.preset",
            ["all_frozen", "heads_only", "one_head_frozen", "last_layers", "full"],
        ),
        (VALID + "precision: fp8\n", "precision", ["auto", "fp32", "bf16"]),
        (VALID + "sampling: {schedule: daily}\n", "sampling.schedule", ["random", "round_robin"]),
        (VALID.replace("hidden: 8", "activation: swish"), "tasks.topic.head.activation", ["tanh", "gelu", "relu"]),
    ],
)
def test_an_unknown_choice_is_refused_with_those_allowed(folder: Path, content: str, key: str, allowed: list[str]):
    message = complaint(folder, content)
    assert message.startswith(f"{key}: ")
    assert all(f"'{choice}'" in message for choice in allowed)


@pytest.mark.parametrize(
    ("kind", "head", "wrong"),
    [
        ("classification", "decoder: crf", "decoder"),
        ("classification", "loss: cosine", "loss"),
        ("tagging", "shared: early", "shared"),
        ("similarity", "hidden: 8", "hidden"),
        ("similarity", "dropout: 0.1", "dropout"),
    ],
)
def test_a_key_of_another_kind_of_head_is_refused(folder: Path, kind: str, head: str, wrong: str):
    message = complaint(folder, f"tasks: {{a: {{kind: {kind}, head: {{{head}}}}}}}\n")
    assert message.startswith(f"tasks.a: a {kind} head takes ")
    assert message.endswith(f"was given {wrong}")


def test_a_crf_with_label_smoothing_is_refused(folder: Path):
    content = "tasks: {a: {kind: tagging, head: {decoder: crf, label_smoothing: 0.1}}}\n"
    assert complaint(folder, content) == "tasks.a: a crf head takes no label_smoothing"


def test_a_score_range_that_goes_down_is_refused(folder: Path):
    content = "tasks: {a: {kind: similarity, score_range: [5, 1]}}\n"
    assert complaint(folder, content) == "tasks.a: score_range is [lowest, highest]"


def test_a_missing_data_file_is_refused_with_the_place_looked_at(folder: Path):
    message = complaint(folder, VALID.replace("data/dev.csv", "data/test.csv"))
    assert message == (
        f"tasks.topic.dev: an existing file was expected, was 'data/test.csv' (looked for {folder / 'data/test.csv'})"
    )


def test_a_frozen_head_that_is_no_task_is_refused(folder: Path):
    content = VALID.replace("layers: 2", "layers: 2, frozen_heads: [topic, nams]")
    assert complaint(folder, content) == "freezing.frozen_heads: a task of topic, names was expected, was nams"


@pytest.mark.parametrize("name", ["embedding", "mean", "guarded", "two words", "1st", "a/b", "", "ä", "a" * 500 + "!"])
def test_a_task_name_that_is_no_name_or_is_one_of_other_figures_is_refused(name: str):
    with pytest.raises(RecipeError, match="name of a task") as refused:
        parse({"tasks": {name: {"kind": "classification"}}}, folder=Path())
    assert len(str(refused.value)) < 800


def test_every_mistake_of_a_recipe_is_named_at_once(folder: Path):
    message = complaint(folder, VALID + "seed: x\nseeds: 1\n")
    assert "seed: input should be a valid integer" in message
    assert "seeds: this key is unknown" in message


def test_a_missing_recipe_is_named(tmp_path: Path):
    with pytest.raises(RecipeError, match="none.yaml: a readable recipe was expected: No such file or directory"):
        load(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("content", "gist"),
    [
        (b"tasks:\n  a: [1\n", ":3: valid YAML was expected"),
        (b"about: caf\xe9\n", ": text in UTF-8 was expected"),
        (b"a: !!python/object/apply:os.getcwd []\n", ":1: valid YAML was expected"),
        (b"", ": a mapping of keys was expected, was NoneType"),
        (b"- a\n- b\n", ": a mapping of keys was expected, was list"),
    ],
)
def test_a_file_that_is_no_recipe_is_refused(tmp_path: Path, content: bytes, gist: str):
    path = tmp_path / "recipe.yaml"
    path.write_bytes(content)
    with pytest.raises(RecipeError) as error:
        load(path)
    assert str(error.value) == f"{path}{gist}"


def test_a_mapping_is_checked_as_a_file_is(folder: Path):
    with pytest.raises(RecipeError, match="^recipe: colour: this key is unknown"):
        parse({"tasks": {"a": {"kind": "tagging"}}, "colour": "red"}, folder=folder)


def test_a_key_given_twice_is_not_dropped_in_silence(folder: Path):
    content = VALID.replace("  names:", "  topic: {kind: classification, train: data/dev.csv}\n  names:")
    assert "topic" in complaint(folder, content)


def types_in(annotation: object) -> Iterator[type]:
    """The types that a value may have, however deep in unions and annotations; not those of what it holds."""
    if isinstance(annotation, type) and not get_args(annotation):
        yield annotation
    elif get_origin(annotation) in (Annotated, Union, UnionType):
        for one in get_args(annotation):
            yield from types_in(one)


def numbers_of(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The keys of a recipe that take a number."""
    for name, field in model.model_fields.items():
        inner = list(types_in(field.annotation))
        if any(one in (int, float) for one in inner):
            yield (*path, name)
        for one in inner:
            if issubclass(one, BaseModel):
                yield from numbers_of(one, (*path, name))


HUGE = {"60 digits": 10**60, "5,000 digits": 10**5000, "inf": math.inf, "-inf": -math.inf, "nan": math.nan}


@pytest.mark.parametrize("value", HUGE.values(), ids=HUGE)
@pytest.mark.parametrize("path", numbers_of(Recipe), ids=".".join)
def test_no_number_is_without_bounds(path: tuple[str, ...], value: float):
    content: dict[str, Any] = {"tasks": {"t": {"kind": "classification", "train": "x.csv"}}}
    place = content
    for name in path[:-1]:
        place = place.setdefault(name, {})
    place[path[-1]] = value
    try:
        taken = reduce(getattr, path, check(content, where="recipe"))
        assert isinstance(taken, float) and math.isfinite(taken)
    except RecipeError as error:
        assert path[-1] in str(error) and len(str(error)) < 300
