"""A run whose dev pairs give no correlation chooses its best checkpoint by what else there is, or takes the last."""

from pathlib import Path

import pytest

from mtl.errors import RecipeError
from mtl.runs import Evaluated, Finished, RunFolder, Saved, Started
from mtl.training import run_in_folder
from tests.mtl.recipes import quick_recipe

ONE_SCORE = {"one pair": ["a,b,0.5"], "one score": ["a,b,0.5", "c,d,0.5", "e,f,0.5"]}
EACH = pytest.mark.parametrize("rows", ONE_SCORE.values(), ids=ONE_SCORE)


def recipe_of(backbone: Path, folder: Path, rows: list[str], tasks: tuple[str, ...], best: str):
    file = folder / "constant.csv"
    file.write_text("\n".join(["sentence1,sentence2,score", *rows]) + "\n")
    recipe = quick_recipe(backbone, folder, tasks, evaluation={"every": 2, "best": best})
    pairs = recipe.tasks["pairs"].model_copy(update={"dev": (str(file),)})
    return recipe.model_copy(update={"tasks": {**recipe.tasks, "pairs": pairs}})


@EACH
@pytest.mark.parametrize("best", ["mean", "guarded", "topic"])
def test_the_best_is_that_of_the_other_tasks(tiny_bert: Path, tmp_path: Path, rows: list[str], best: str):
    recipe = recipe_of(tiny_bert, tmp_path, rows, ("topic", "pairs"), best)
    events = list(run_in_folder(recipe, tmp_path / "run"))
    measured = [event.metrics for event in events if isinstance(event, Evaluated)]
    assert not any("eval/pairs/spearman_cosine" in one for one in measured)
    saved = [event for event in events if isinstance(event, Saved) and event.name == "best"]
    if best != "guarded":
        assert saved[-1].score == max(one["eval/topic/accuracy"] for one in measured)
    assert (RunFolder(tmp_path / "run").best / "model.safetensors").is_file()
    (started,) = [event for event in events if isinstance(event, Started)]
    assert any(note.startswith("pairs: dev: ") and "not defined" in note for note in started.notes)


@EACH
@pytest.mark.parametrize("best", ["mean", "guarded"])
def test_pairs_alone_take_the_last(tiny_bert: Path, tmp_path: Path, rows: list[str], best: str):
    recipe = recipe_of(tiny_bert, tmp_path, rows, ("pairs",), best)
    events = list(run_in_folder(recipe, tmp_path / "run"))
    assert isinstance(events[-1], Finished)
    saved = [event.step for event in events if isinstance(event, Saved) and event.name == "best"]
    assert saved[-1] == max(event.step for event in events if isinstance(event, Evaluated))


@EACH
@pytest.mark.parametrize("best", ["pairs", "pairs/pearson_cosine"])
def test_a_best_that_is_not_defined_is_refused_before_anything_trains(
    tiny_bert: Path, tmp_path: Path, rows: list[str], best: str
):
    recipe = recipe_of(tiny_bert, tmp_path, rows, ("topic", "pairs"), best)
    with pytest.raises(RecipeError, match="dev data of pairs that give .*_cosine were expected"):
        list(run_in_folder(recipe, tmp_path / "run"))
