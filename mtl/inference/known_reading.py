"""What a run takes over from the checkpoint that it starts from: how its heads read texts, and their data files."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mtl.checkpoint.imported import PIPELINE_WORDS
from mtl.errors import RecipeError
from mtl.inference.source import ModelSource, find_model
from mtl.recipe import Preset, Recipe, TaskKind, portable
from mtl.recipe.choices import LongTexts, WordSplitting
from mtl.recipe.loading import portable_task
from mtl.recipe.tasks import HeadConfig
from mtl.task import TaskInfo

if TYPE_CHECKING:
    from mtl.checkpoint.store import LoadedModel


def with_known_reading(recipe: Recipe, *, resumed: bool = False) -> Recipe:
    """The recipe with what its checkpoint says where the recipe does not: losses of pairs, long texts and words.

    Args:
        recipe: of a run.
        resumed: whether it goes on: then nothing is refused, since recipes of earlier versions say what nobody set.

    Raises:
        RecipeError: the recipe has long texts or words read otherwise, and a head stays as it is.
        MtlError: the backbone or checkpoint is not there.
    """
    source = find_model(recipe.backbone)
    if not resumed:
        _need_same(recipe, source)
    return _with_losses(_with_texts(recipe, source), source.tasks)


def with_known_texts(recipe: Recipe) -> Recipe:
    """The recipe with long texts and words as its checkpoint reads them, and marked as set by nobody.

    Raises:
        MtlError: the backbone or checkpoint is not there.
    """
    return _with_texts(recipe, find_model(recipe.backbone))


def _with_texts(recipe: Recipe, source: ModelSource) -> Recipe:
    unset = {key: known for key, known in _reading(source).items() if key not in recipe.model_fields_set}
    return recipe.settled(**{key: known for key, known in unset.items() if known != PIPELINE_WORDS})


def _need_same(recipe: Recipe, source: ModelSource) -> None:
    for key, known in _reading(source).items():
        came, heads = getattr(recipe, key), _staying(recipe, source.tasks, key)
        if key in recipe.model_fields_set and came != known and heads:
            expected = f"{known} was expected as the heads of the checkpoint that stay ({', '.join(heads)}) have it"
            raise RecipeError(f"{expected}, was {came}; leave the key out", key=key)


def stored_recipe(recipe: Recipe, loaded: "LoadedModel") -> dict[str, Any]:
    """The recipe of a run as its checkpoints have it: with the tasks, as they were trained, whose heads it took over.

    Args:
        recipe: of the run, with what its checkpoint says.
        loaded: the model of the run, with the configuration of the checkpoint that it started from.
    """
    content = portable(recipe)
    before: Mapping[str, Any] = loaded.config.recipe if loaded.config else {}
    tasks = {
        name: portable_task(task)
        for name, task in (before.get("tasks") or {}).items()
        if name in loaded.model.tasks and name not in content["tasks"]
    }
    content["tasks"] = {**tasks, **content["tasks"]}
    known = {name: record.info(name) for name, record in loaded.config.tasks.items()} if loaded.config else {}
    if before.get("words") == PIPELINE_WORDS and _staying(recipe, known, "words"):
        content["words"] = PIPELINE_WORDS
    return content


def _reading(source: ModelSource) -> dict[str, str]:
    """How the heads of a checkpoint read texts, by key of a recipe; as before there were choices where it is silent.

    Only heads of tags read words; a bare backbone says nothing.
    """
    if not source.tasks and source.config is None:
        return {}
    said: Mapping[str, Any] = source.config.recipe if source.config else {}
    if source.imported is not None:
        said = {"long_texts": LongTexts.CUT, "words": PIPELINE_WORDS}
    found: dict[str, str] = {"long_texts": LongTexts(said.get("long_texts", LongTexts.WINDOWS))}
    if any(task.kind is TaskKind.TAGGING for task in source.tasks.values()):
        words = said.get("words", WordSplitting.SPACES)
        found["words"] = words if words == PIPELINE_WORDS else WordSplitting(words)
    return found


def _staying(recipe: Recipe, known: Mapping[str, TaskInfo], key: str) -> list[str]:
    """The checkpoint's tasks whose heads do not learn, and depend on how texts are read."""
    all_frozen = recipe.freezing.preset is Preset.ALL_FROZEN
    return [
        name
        for name, task in known.items()
        if (key == "long_texts" or task.kind is TaskKind.TAGGING)
        and (all_frozen or name not in recipe.tasks or name in recipe.freezing.frozen_heads)
    ]


def _with_losses(recipe: Recipe, known: Mapping[str, TaskInfo]) -> Recipe:
    """Losses say how pairs are read."""
    tasks = {
        name: task.model_copy(update={"head": HeadConfig(loss=known[name].head.loss)})
        for name, task in recipe.tasks.items()
        if task.kind is TaskKind.SIMILARITY and task.head.loss is None
        if name in known and known[name].head.loss is not None
    }
    return recipe.model_copy(update={"tasks": {**recipe.tasks, **tasks}}) if tasks else recipe
