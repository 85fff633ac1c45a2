"""`convert`: a data file in another format."""

from pathlib import Path

from mtl.cli.console import err, need_writable, out
from mtl.data.converting import convert
from mtl.data.formats import ReadOptions
from mtl.errors import InputError
from mtl.recipe import TaskKind


def convert_command(source: Path, target: Path, *, to: str | None, kind: str | None, options: ReadOptions) -> None:
    """Write the file, and say what it could not keep and which rows were wrong."""
    if kind is not None and kind not in list(TaskKind):
        raise InputError(f"one of {', '.join(TaskKind)} was expected, was {kind!r}", key="--kind")
    need_writable(target, source)
    done = convert(source, target, to=to, kind=TaskKind(kind) if kind else None, options=options)
    for note in done.notes:
        err.print(f"note: {note}", markup=False)
    for error in done.rejected:
        err.print(f"left out: {error}", markup=False)
    out.print(f"{done.examples} examples of {done.kind}: {target}", markup=False)
