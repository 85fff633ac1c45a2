"""`suspects`: labels of a recipe's data that are probably wrong."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.markup import escape
from rich.table import Column, Table

from mtl.cli.console import err, need_writable, out, write_json
from mtl.cli.recipes import files_of, recipe_file, told_of
from mtl.errors import InputError
from mtl.labels import TypedSpan
from mtl.recipe import TaskKind, load
from mtl.suspects import Answer, Suspect, find_suspects

_LONGEST = 100  # characters of a text in the table


def suspects_command(
    source: Path, overrides: tuple[str, ...], json_file: Path | None, *, tasks: Sequence[str], most: int
) -> None:
    """Print the suspect labels of each task, and write them where asked."""
    file = recipe_file(source)
    recipe = load(file, overrides)
    if json_file is not None:
        need_writable(json_file, file, *files_of(recipe))
    names = list(tasks) or [name for name, task in recipe.tasks.items() if task.kind is not TaskKind.SIMILARITY]
    if not names:
        raise InputError("a task with labels was expected, the recipe has none", path=source)
    answers = []
    for name in names:
        with told_of(file):
            found = find_suspects(recipe, name, most=most)
        for note in found.notes:
            err.print(f"note: {note}", markup=False)
        if found.suspects:
            out.print(_table(found.suspects))
        shown = "" if found.total == len(found.suspects) else f", the first {len(found.suspects)} are shown"
        line = f"{name}: {found.total:,} suspect labels in {found.examples:,} examples{shown}"
        out.print(line, markup=False)
        answers.append({"task": name, **asdict(found)})
    if json_file:
        write_json(json_file, answers)


def _table(suspects: Sequence[Suspect]) -> Table:
    table = Table("part", "row", "score", *(Column(name, overflow="fold") for name in ("text", "given", "suggested")))
    for one in suspects:
        text = " ".join(one.text.split())
        text = text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
        cells = (text, _said(one.text, one.given), _said(one.text, one.suggested))
        table.add_row(one.part, str(one.row), f"{one.score:.2f}", *map(escape, cells))
    return table


def _said(text: str, answer: Answer) -> str:
    parts = [f"{text[a.start : a.end]} {a.label}" if isinstance(a, TypedSpan) else a for a in answer]
    return ", ".join(parts) or "none"
