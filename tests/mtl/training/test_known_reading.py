"""A run that starts from a checkpoint reads texts as its heads do, and keeps how the data of the others are read."""

import shutil
from pathlib import Path

import pytest
import yaml

from mtl import Engine
from mtl.data import read_files
from mtl.errors import RecipeError
from mtl.inference.spec import spec_of
from mtl.recipe import load
from mtl.training import resume_in_folder, run_in_folder
from tests.mtl.checkpoint.test_imported import TAGS, classifier, spans_equal
from tests.mtl.recipes import EXAMPLES, recipe_of
from tests.mtl.training.seen import events_of
from tests.tiny import EXACT

READ = {"words": "spaces", "long_texts": "cut"}
HEADS = {"freezing": {"preset": "heads_only"}}
TEXTS = ["anna met 北京大学 in paris", " ".join(["the team won the match and anna went to paris"] * 60)]


@pytest.fixture(scope="module")
def first(tiny_bert: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint whose words and long texts are read otherwise than by default, and its data too (`ORG` as `O`)."""
    folder = tmp_path_factory.mktemp("first")
    events_of(recipe_of(tiny_bert, ["names"], **READ), folder)
    return folder / "last"


def answers(folder: Path) -> tuple[object, ...]:
    """How a checkpoint reads, its entities, and its figures on the data of its first task."""
    engine = Engine.load(folder, **EXACT)
    config = engine.task_config("names")
    examples = read_files(config, [str(EXAMPLES / "entities" / "dev.conll")])
    found = engine.tag(TEXTS)
    return engine.splitting, config, engine.evaluate("names", examples), [one["names"] for one in found]


@pytest.mark.parametrize("preset", ["heads_only", "all_frozen"])
def test_a_head_that_stays_reads_as_before_however_often_its_model_goes_on(first: Path, tmp_path: Path, preset: str):
    recipe = recipe_of(first, ["sentiment"], freezing={"preset": preset})
    for _ in run_in_folder(recipe, tmp_path / "second"):
        pass
    second = tmp_path / "second" / "last"
    assert answers(second) == answers(first)
    events_of(recipe_of(second, ["topic"], **HEADS), tmp_path / "third")
    assert answers(tmp_path / "third" / "last") == answers(first)
    written = load(tmp_path / "second" / "recipe.yaml")
    assert (written.words, written.long_texts) == ("spaces", "cut")
    assert {"words", "long_texts"} <= set(written.unset())


@pytest.mark.parametrize(("key", "value"), [("words", "characters"), ("long_texts", "windows")])
def test_another_way_of_reading_is_refused_where_a_head_stays(first: Path, key: str, value: str):
    frozen = {"freezing": {"preset": "heads_only", "frozen_heads": ["names"]}}
    for tasks, sections in ((["sentiment"], HEADS), (["names", "sentiment"], frozen)):
        with pytest.raises(RecipeError, match=f"^{key}: {READ[key]} was expected as the heads .*names.* have it"):
            events_of(recipe_of(first, tasks, **{key: value}, **sections))


@pytest.mark.parametrize(("key", "value"), [("words", "characters"), ("long_texts", "windows")])
def test_a_head_that_learns_may_read_otherwise(first: Path, tmp_path: Path, key: str, value: str):
    events_of(recipe_of(first, ["names"], **{key: value}, **HEADS), tmp_path)
    recipe = Engine.load(tmp_path / "last", **EXACT)._parts.spec.recipe
    assert {name: recipe[name] for name in READ} == READ | {key: value}


@pytest.mark.parametrize("kind", ["saved", "classifier", "tagger"])
def test_a_head_of_tags_that_learns_has_the_words_that_it_learns(tmp_path: Path, tiny_bert: Path, kind: str):
    """Neither a checkpoint without tags nor a pipeline whose own head learns says how words are told."""
    if kind == "saved":
        folder = Engine.load(tiny_bert, **EXACT).save(tmp_path / "m")
    else:
        labels = TAGS if kind == "tagger" else ("a", "b")
        folder = classifier(tiny_bert, tmp_path / "m", labels, tags=kind == "tagger")
    recipe = recipe_of(folder, ["entities"], **HEADS)
    if kind == "tagger":
        recipe = recipe.model_copy(update={"tasks": {"tags": recipe.tasks["entities"]}})
    events_of(recipe, tmp_path / "run")
    spec = Engine.load(tmp_path / "run" / "last", **EXACT)._parts.spec
    assert (spec.recipe["words"], spec.has_pipeline_words) == ("characters", False)


def test_a_run_goes_on_though_its_checkpoint_is_gone(first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    source = tmp_path / "source"
    shutil.copytree(first, source)
    events = run_in_folder(recipe_of(source, ["sentiment"], **HEADS), tmp_path / "run")
    for event in events:
        if event.kind == "started":
            shutil.rmtree(source)
    assert load(tmp_path / "run" / "recipe.yaml").words == "spaces"


def test_a_run_of_an_earlier_version_goes_on_as_it_read_texts(first: Path, tmp_path: Path):
    """Its recipe says the defaults, which nobody set."""
    folder = tmp_path / "run"
    for event in run_in_folder(recipe_of(first, ["sentiment"], **HEADS), folder):
        if event.kind == "step":
            (folder / "stop").touch()
    content = yaml.safe_load((folder / "recipe.yaml").read_text())
    content |= {"words": "characters", "long_texts": "windows"}
    for key in ("words", "long_texts"):
        del content["filled_in"][key]
    (folder / "recipe.yaml").write_text(yaml.safe_dump(content))
    assert [event.kind for event in resume_in_folder(folder)][-1] == "finished"
    with pytest.raises(RecipeError, match="leave the key out"):
        list(run_in_folder(load(folder / "recipe.yaml"), tmp_path / "again"))


def test_a_loss_of_a_checkpoint_stays_unsaid_in_the_recipe_of_a_run(tmp_path: Path, tiny_bert: Path):
    pairs = tmp_path / "pairs.csv"
    pairs.write_text("anchor,positive\n" + "anna met tom,tom met anna\nthe team won,a team won\n" * 4)
    own = {"train": str(pairs), "dev": str(pairs)}
    loss = {"head": {"loss": "multiple_negatives"}}
    events_of(recipe_of(tiny_bert, ["similarity"], tasks_similarity=own | loss), tmp_path / "first")
    recipe = recipe_of(tmp_path / "first" / "last", ["similarity"], tasks_similarity=own)
    for _ in run_in_folder(recipe, tmp_path / "run"):
        pass
    assert load(tmp_path / "run" / "recipe.yaml").tasks["similarity"].head.loss is None


def test_an_imported_tagger_keeps_the_words_of_its_pipeline(tmp_path: Path, tiny_bert: Path):
    folder = classifier(tiny_bert, tmp_path / "m", TAGS, tags=True)
    events_of(recipe_of(folder, ["sentiment"], **HEADS), tmp_path / "run")
    texts = ["anna's team-mate met tom (in paris)", "don't"]
    assert spans_equal(folder, texts)
    before, after = (Engine.load(one, **EXACT) for one in (folder, tmp_path / "run" / "last"))
    assert after.tag(texts) == before.tag(texts)
    assert spec_of(after.loaded_model()).has_pipeline_words
