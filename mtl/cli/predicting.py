"""`predict` and `encode`: files in, files out."""

from collections.abc import Mapping
from pathlib import Path

from mtl.cli.console import err, is_terminal, need_writable, out, progress_bar
from mtl.data.formats import Source
from mtl.data.texts import estimated_rows
from mtl.errors import InputError
from mtl.inference import Engine
from mtl.inference.bulk.files import BulkOutput, FileResult, run_file
from mtl.inference.bulk.formats import EmbeddingArray, EmbeddingTable, OutputFormat, PredictionLines, PredictionTable

_PREDICTIONS: Mapping[str, type[OutputFormat]] = {".jsonl": PredictionLines, ".parquet": PredictionTable}
_EMBEDDINGS: Mapping[str, type[OutputFormat]] = {".npy": EmbeddingArray, ".parquet": EmbeddingTable}


def predict_command(checkpoint: str, source: Source, target: Path, *, precision: str, keep: tuple[str, ...]) -> None:
    """Write one record a row: its text and line, kept columns, and the fields of its analysis."""
    output = BulkOutput(target, _format(target, _PREDICTIONS), keep)
    engine = Engine.load(checkpoint, precision=precision)
    written = _write(engine, source, output)
    out.print(f"{written.texts} texts: {target}", markup=False)


def encode_command(checkpoint: str, source: Source, target: Path, *, precision: str, keep: tuple[str, ...]) -> None:
    """Write `(N, H)` float32 as `.npy`, with an index beside it, or as Parquet with `text`, `line`, kept columns."""
    output = BulkOutput(target, _format(target, _EMBEDDINGS), keep)
    engine = Engine.load(checkpoint, precision=precision)
    written = _write(engine, source, output)
    out.print(f"{written.texts} texts, {engine.dimension} numbers each: {target}", markup=False)


def _format(target: Path, allowed: Mapping[str, type[OutputFormat]]) -> OutputFormat:
    form = allowed.get(target.suffix)
    if form is None:
        raise InputError(f"an output ending in {' or '.join(allowed)} was expected, was {target.suffix!r}", path=target)
    need_writable(target)
    return form()


def _write(engine: Engine, source: Source, output: BulkOutput) -> FileResult:
    with progress_bar() as progress:
        bar = progress.add_task("rows", total=estimated_rows(source.path) if is_terminal() else None)
        written = run_file(engine, source, output, progress=lambda done: progress.update(bar, completed=done))
        progress.update(bar, total=written.texts)
    for note in written.notes:
        err.print(f"note: {note}", markup=False)
    if written.resumed:
        err.print(f"{written.resumed} rows were there from an earlier call", markup=False)
    if written.rejected:
        rows = "1 row was" if written.rejected == 1 else f"{written.rejected} rows were"
        err.print(f"{rows} rejected and left empty in the output, see {written.rejects}", markup=False)
    return written
