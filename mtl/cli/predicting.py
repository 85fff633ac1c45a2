"""`predict` and `encode`: files in, files out."""

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from rich.progress import Progress

from mtl.cli.console import err, is_terminal, need_writable, out
from mtl.data.tables import TABLE_SUFFIXES, read_lines, read_rows
from mtl.errors import InputError
from mtl.inference import Analysis, Engine
from mtl.text import clean

_CHUNK = 2048  # texts analysed between two moves of the progress bar


def predict_command(checkpoint: str, source: Path, target: Path) -> None:
    """Write one record a text: `text`, `classes`, `entities`, `tokens`, `cut_at`."""
    _check_target(target, (".jsonl", ".parquet"))
    engine = Engine.load(checkpoint)
    texts = read_texts(source)
    records = [_record(analysis) for chunk in _chunks(texts) for analysis in engine.analyze(chunk)]
    if target.suffix == ".jsonl":
        target.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")
    else:
        _write_parquet(target, records)
    out.print(f"{len(records)} texts: {target}", markup=False)


def encode_command(checkpoint: str, source: Path, target: Path) -> None:
    """Write `(N, H)` float32 as `.npy`, or `text` and `embedding` columns as Parquet."""
    _check_target(target, (".npy", ".parquet"))
    engine = Engine.load(checkpoint)
    texts = read_texts(source)
    embeddings = np.concatenate([engine.encode(chunk) for chunk in _chunks(texts)])
    if target.suffix == ".npy":
        np.save(target, embeddings)
    else:
        _write_parquet(target, [{"text": t, "embedding": e} for t, e in zip(texts, embeddings, strict=True)])
    out.print(f"{len(texts)} texts, {embeddings.shape[1]} numbers each: {target}", markup=False)


def read_texts(source: Path) -> list[str]:
    """The texts of a file: each line of `.txt` that is not blank, or the column `text` of a table.

    Raises:
        DataError: the file cannot be read as its ending says.
        InputError: its ending is another one, or it has no text.
    """
    suffix = source.suffix.lower()
    if suffix == ".txt":
        texts = [clean(line) for _, line in read_lines(source) if line.strip()]
    elif suffix in TABLE_SUFFIXES:
        texts = [clean(row.text("text")) for row in read_rows(source, ("text",))]
    else:
        raise InputError(f"{source}: a file ending in .txt, {', '.join(TABLE_SUFFIXES)} was expected, was {suffix!r}")
    if not texts:
        raise InputError(f"{source}: at least one text was expected, the file has none")
    return texts


def _chunks(texts: Sequence[str]) -> Iterator[list[str]]:
    rest = iter(texts)
    with Progress(console=err, disable=not is_terminal()) as progress:
        bar = progress.add_task("texts", total=len(texts))
        while chunk := list(islice(rest, _CHUNK)):
            yield chunk
            progress.advance(bar, len(chunk))


def _record(analysis: Analysis) -> dict[str, object]:
    return {
        "text": analysis.text,
        "classes": analysis.classes,
        "entities": analysis.entities,
        "tokens": analysis.tokens,
        "cut_at": analysis.cut_at,
    }


def _check_target(target: Path, allowed: tuple[str, ...]) -> None:
    if target.suffix not in allowed:
        raise InputError(f"{target}: an output ending in {' or '.join(allowed)} was expected, was {target.suffix!r}")
    need_writable(target)


def _write_parquet(target: Path, records: Sequence[dict[str, object]]) -> None:
    import pyarrow
    import pyarrow.parquet

    # Parquet has no structs without fields: a model without such tasks has no such column.
    empty = {name for name, value in records[0].items() if isinstance(value, dict) and not value} if records else set()
    rows = [{name: value for name, value in record.items() if name not in empty} for record in records]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), target)
