"""A run's data with corrections in the place of the labels that they correct."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from demo.training.corrections import Correction
from mtl.data import Example, TaskData, read_task, texts_of, write_examples
from mtl.errors import InputError
from mtl.recipe import Recipe, TaskConfig, TaskKind
from mtl.runs import home


@dataclass(frozen=True)
class CorrectedRecipe:
    """A recipe with corrected data, and how many rows have another label than before."""

    recipe: Recipe
    rows: int


def corrected_recipe(recipe: Recipe, corrections: Mapping[str, Sequence[Correction]]) -> CorrectedRecipe:
    """The recipe on copies of its data, below `$MTL_HOME/uploads`, in which every row of a corrected text is replaced.

    Texts that are in neither train nor dev are left out: they are corrections of something else. Data of tasks without
    a corrected row stay where they are.

    Raises:
        InputError: no row is corrected.
        DataError: data of the recipe are missing.
    """
    tasks, rows = {}, 0
    for name, config in recipe.tasks.items():
        by_text = {correction.text: correction.example() for correction in corrections.get(name, ())}
        if config.kind is TaskKind.SIMILARITY or not by_text:
            continue
        data = read_task(name, config)
        train, dev = (tuple(by_text.get(texts_of(e)[0], e) for e in part) for part in (data.train, data.dev))
        changed = sum(old is not new for old, new in zip((*data.train, *data.dev), (*train, *dev), strict=True))
        if changed:
            tasks[name], rows = _written(config, data, train, dev), rows + changed
    if not rows:
        raise InputError("None of the corrected texts is in the data of this run. Accept a suggestion first.")
    about = f"{recipe.about or 'The run'}, with {rows} corrected rows."
    return CorrectedRecipe(recipe.model_copy(update={"tasks": {**recipe.tasks, **tasks}, "about": about}), rows)


def _written(config: TaskConfig, data: TaskData, train: Sequence[Example], dev: Sequence[Example]) -> TaskConfig:
    folder = home() / "uploads" / secrets.token_hex(12)
    folder.mkdir(parents=True)
    parts: dict[str, tuple[str, ...]] = {}
    for part, before, examples in (("train", data.train, train), ("dev", data.dev, dev)):
        if before:
            write_examples(folder / f"{part}.jsonl", examples)
        parts[part] = (str(folder / f"{part}.jsonl"),) if before else ()
    # Columns, format and names of labels were those of the files before.
    plain = TaskConfig.model_fields
    usual = {name: plain[name].get_default(call_default_factory=True) for name in ("format", "columns", "map_labels")}
    return config.model_copy(update={**parts, **usual, "max_rows": None})
