"""A run's data with corrections in the place of the labels that they correct."""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from demo.inputs.new_folder import new_folder
from demo.training.corrections import Correction
from mtl.data import Example, TaggedText, TaskData, labels_of, read_task, texts_of, write_examples
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

    Texts that are in neither train nor dev, and labels that the task lacks, are left out: they are corrections of
    something else. Data of tasks without a corrected row stay where they are.

    Raises:
        InputError: no row is corrected.
        DataError: data of the recipe are missing.
    """
    tasks, rows = {}, 0
    for name, config in recipe.tasks.items():
        own = corrections.get(name, ())
        if config.kind is TaskKind.SIMILARITY or not own:
            continue
        data = read_task(name, config)
        by_text = _fitting(own, data)
        train, dev = (tuple(_corrected(e, by_text) for e in part) for part in (data.train, data.dev))
        changed = sum(old is not new for old, new in zip((*data.train, *data.dev), (*train, *dev), strict=True))
        if changed:
            tasks[name], rows = _written(config, data, train, dev), rows + changed
    if not rows:
        raise InputError(
            "None of the corrected texts is in the data of this run with another label. Accept a suggestion first."
        )
    about = f"{recipe.about or 'The run'}, with {rows} corrected rows."
    return CorrectedRecipe(recipe.model_copy(update={"tasks": {**recipe.tasks, **tasks}, "about": about}), rows)


def _fitting(corrections: Sequence[Correction], data: TaskData) -> dict[str, Example]:
    """Corrections to labels of the task by text: those of another task of the same name are none of it."""
    kind = type(next(iter((*data.train[:1], *data.dev[:1]))))
    examples = [correction.example() for correction in corrections]
    return {e.text: e for e in examples if isinstance(e, kind) and set(labels_of([e])) <= set(data.labels)}  # type: ignore[union-attr]


def _corrected(example: Example, by_text: Mapping[str, Example]) -> Example:
    """The correction of a text, unless it says what the example says."""
    wanted = by_text.get(texts_of(example)[0], example)
    if isinstance(example, TaggedText) and isinstance(wanted, TaggedText):
        return example if wanted.char_spans() == example.char_spans() else wanted
    return example if wanted == example else wanted


def _written(config: TaskConfig, data: TaskData, train: Sequence[Example], dev: Sequence[Example]) -> TaskConfig:
    parts: dict[str, tuple[str, ...]] = {}
    with new_folder(home() / "uploads" / secrets.token_hex(12)) as folder:
        for part, before, examples in (("train", data.train, train), ("dev", data.dev, dev)):
            if before:
                write_examples(folder / f"{part}.jsonl", examples)
            parts[part] = (str(folder / f"{part}.jsonl"),) if before else ()
    # Columns, format and names of labels were those of the files before.
    plain = TaskConfig.model_fields
    usual = {name: plain[name].get_default(call_default_factory=True) for name in ("format", "columns", "map_labels")}
    return config.model_copy(update={**parts, **usual, "max_rows": None})
