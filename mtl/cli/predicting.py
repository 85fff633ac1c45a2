"""`predict` and `encode`: files in, files out."""

from collections.abc import Mapping
from pathlib import Path

from mtl.cli.console import err, is_terminal, need_writable, out, progress_bar
from mtl.data.formats import ReadOptions, Source
from mtl.data.texts import estimated_rows, text_source
from mtl.errors import InputError
from mtl.inference import Engine
from mtl.inference.bulk.files import FileResult, run_file
from mtl.inference.bulk.formats import EmbeddingArray, EmbeddingTable, OutputFormat, PredictionLines, PredictionTable

_PREDICTIONS: Mapping[str, type[OutputFormat]] = {".jsonl": PredictionLines, ".parquet": PredictionTable}
_EMBEDDINGS: Mapping[str, type[OutputFormat]] = {".npy": EmbeddingArray, ".parquet": EmbeddingTable}


def predict_command(checkpoint: str, source: Path, target: Path, *, precision: str, options: ReadOptions) -> None:
    """Write one record a text: `text`, `classes`, `labels`, `entities`, `tokens`, `cut_at`, `windows`."""
    form = _format(target, _PREDICTIONS)
    engine = Engine.load(checkpoint, precision=precision)
    written = _write(engine, text_source(source, options), target, form)
    out.print(f"{written.texts} texts: {target}", markup=False)


def encode_command(checkpoint: str, source: Path, target: Path, *, precision: str, options: ReadOptions) -> None:
    """Write `(N, H)` float32 as `.npy`, or `text` and `embedding` columns as Parquet."""
    form = _format(target, _EMBEDDINGS)
    engine = Engine.load(checkpoint, precision=precision)
    written = _write(engine, text_source(source, options), target, form)
    out.print(f"{written.texts} texts, {engine.dimension} numbers each: {target}", markup=False)


def _format(target: Path, allowed: Mapping[str, type[OutputFormat]]) -> OutputFormat:
    form = allowed.get(target.suffix)
    if form is None:
        raise InputError(f"an output ending in {' or '.join(allowed)} was expected, was {target.suffix!r}", path=target)
    need_writable(target)
    return form()


def _write(engine: Engine, source: Source, target: Path, form: OutputFormat) -> FileResult:
    with progress_bar() as progress:
        bar = progress.add_task("texts", total=estimated_rows(source.path) if is_terminal() else None)
        written = run_file(
            engine, source, target, form=form, progress=lambda done: progress.update(bar, completed=done)
        )
        progress.update(bar, total=written.texts)
    for note in written.notes:
        err.print(f"note: {note}", markup=False)
    if written.resumed:
        err.print(f"{written.resumed} texts were there from an earlier call", markup=False)
    if written.rejected:
        rows = "1 row was" if written.rejected == 1 else f"{written.rejected} rows were"
        err.print(f"{rows} rejected, see {written.rejects}", markup=False)
    return written
