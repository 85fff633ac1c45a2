"""`plan`: what a recipe would do, as tables."""

from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from mtl.cli.console import need_writable, out, write_json
from mtl.cli.recipes import files_of, told_of
from mtl.planning import Plan, plan
from mtl.recipe import load


def plan_command(recipe_path: Path, overrides: tuple[str, ...], json_file: Path | None) -> None:
    """Print the plan of a recipe, and write it where asked."""
    recipe = load(recipe_path, overrides)
    if json_file is not None:
        need_writable(json_file, recipe_path, *files_of(recipe))
    with told_of(recipe_path):
        found = plan(recipe)
    parts = Table("part, from the top", "parameters", "")
    for part in reversed(found.parts):
        parts.add_row(part.name, f"{part.parameters:,}", "trains" if part.trains else "frozen")
    out.print(parts)
    for line in _lines(found):
        out.print(line, markup=False)
    if json_file:
        write_json(json_file, asdict(found))


def _lines(found: Plan) -> list[str]:
    total = sum(part.parameters for part in found.parts)
    draws = ", ".join(f"{name} {count}" for name, count in found.draws.items())
    return [
        f"trains: {found.trained_parameters:,} of {total:,} parameters ({found.trained_parameters / total:.1%})",
        f"steps: {'at most ' if found.is_upper_bound else ''}{found.steps}" + (f" ({draws})" if draws else ""),
        f"time: about {_duration(found.seconds)}, from a few measured batches",
        f"memory: about {found.memory_bytes / 1e6:,.0f} MB; cache {found.cache_bytes / 1e6:,.1f} MB on disk; "
        f"checkpoint {found.checkpoint_bytes / 1e6:,.1f} MB",
        *(f"warning: {warning}" for warning in found.warnings),
        f"advice: {found.advice.preset}, because {'; '.join(found.advice.reasons)}",
        f"backbone: {found.advice.backbone}",
    ]


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
