"""`predict` and `encode`: files in, files out, by one engine of this process or by those of a cluster."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from mtl.cli.console import err, is_terminal, need_writable, out, progress_bar
from mtl.cluster import ClusterOptions
from mtl.data import need_readable
from mtl.data.formats import ReadOptions
from mtl.data.texts import estimated_rows, text_source
from mtl.errors import InputError
from mtl.inference import Engine
from mtl.inference.bulk.begun import load_engine
from mtl.inference.bulk.files import BulkOutput, FileResult, run_file
from mtl.inference.bulk.formats import EmbeddingArray, EmbeddingTable, OutputFormat, PredictionLines, PredictionTable
from mtl.inference.bulk.parts import begun_state
from mtl.inference.bulk.reading import need_text
from mtl.inference.options import AUTO, EngineOptions

_PREDICTIONS: Mapping[str, type[OutputFormat]] = {".jsonl": PredictionLines, ".parquet": PredictionTable}
_EMBEDDINGS: Mapping[str, type[OutputFormat]] = {".npy": EmbeddingArray, ".parquet": EmbeddingTable}


@dataclass(frozen=True, slots=True)
class BulkArguments:
    """What `predict` and `encode` were given; `cluster` is None for the engine of this process."""

    checkpoint: str
    source: str
    target: str
    precision: str
    options: ReadOptions
    keep: tuple[str, ...]
    cluster: ClusterOptions | None = None


def predict_command(arguments: BulkArguments) -> None:
    """Write one record a row: its text and line, kept columns, and the fields of its analysis."""
    written, _ = _write(arguments, _PREDICTIONS)
    out.print(f"{written.texts} texts: {arguments.target}", markup=False)


def encode_command(arguments: BulkArguments) -> None:
    """Write `(N, H)` float32 as `.npy`, with an index beside it, or as Parquet with `text`, `line`, kept columns."""
    written, engine = _write(arguments, _EMBEDDINGS)
    numbers = f", {engine.dimension} numbers each" if engine is not None else ""
    out.print(f"{written.texts} texts{numbers}: {arguments.target}", markup=False)


def cluster_options(engine: str, given: Mapping[str, float | str | None]) -> ClusterOptions | None:
    """The options of `--engine ray` by their names, without those that are None; None for the local engine.

    Raises:
        InputError: there is no such engine, or an option is not one of it.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    if engine == "ray":
        return ClusterOptions(**{_FIELDS[name]: value for name, value in chosen.items()})  # type: ignore[arg-type]
    if engine != "local":
        raise InputError(f"local or ray was expected, was {engine!r}", key="--engine")
    if chosen:
        raise InputError("--engine ray was expected beside it", key=next(iter(chosen)))
    return None


_FIELDS = {
    "--address": "address",
    "--workers": "workers",
    "--worker-cores": "cores",
    "--worker-gpus": "gpus",
    "--partition-rows": "partition_rows",
}


def _write(arguments: BulkArguments, allowed: Mapping[str, type[OutputFormat]]) -> tuple[FileResult, Engine | None]:
    """The result, and the engine where this process has one."""
    form = _format(arguments, allowed)
    EngineOptions.parse(precision=arguments.precision, backend=AUTO, long_texts=None)
    source, is_url = text_source(Path(arguments.source), arguments.options), "://" in arguments.source
    if not is_url:
        need_readable(arguments.source)
        need_text(source, arguments.keep)
    total = None if is_url or not is_terminal() else estimated_rows(source.path)
    if arguments.cluster is not None:
        from mtl.cluster.corpus import Corpus
        from mtl.cluster.running import ClusterModel, run_on_cluster

        model = ClusterModel(arguments.checkpoint, arguments.precision)
        corpus = Corpus(arguments.source, arguments.target, form, arguments.options, arguments.keep)
        with progress_bar() as progress:
            bar = progress.add_task("rows", total=total)
            written = run_on_cluster(
                model, corpus, arguments.cluster, progress=lambda done: progress.update(bar, completed=done)
            )
            progress.update(bar, total=written.texts)
        _say(written)
        return written, None
    state = begun_state(Path(arguments.target))
    engine = load_engine(arguments.checkpoint, precision=arguments.precision, state=state)
    output = BulkOutput(Path(arguments.target), form, arguments.keep)
    with progress_bar() as progress:
        bar = progress.add_task("rows", total=total)
        written = run_file(engine, source, output, progress=lambda done: progress.update(bar, completed=done))
        progress.update(bar, total=written.texts)
    _say(written)
    return written, engine


def _format(arguments: BulkArguments, allowed: Mapping[str, type[OutputFormat]]) -> OutputFormat:
    """The kind of output that its ending names.

    Raises:
        InputError: there is none, it cannot be written, or a URL was given to the local engine.
    """
    target = arguments.target.rstrip("/") if "://" in arguments.target else arguments.target
    suffix = Path(target).suffix
    form = allowed.get(suffix)
    if form is None:
        raise InputError(f"an output ending in {' or '.join(allowed)} was expected, was {suffix!r}", path=target)
    for location in (arguments.source, arguments.target):
        if "://" in location and arguments.cluster is None:
            raise InputError("a path was expected; --engine ray takes a URL too", path=location)
    if "://" not in target:
        need_writable(Path(target), *(() if "://" in arguments.source else (arguments.source,)))
    return form()


def _say(written: FileResult) -> None:
    for note in written.notes:
        err.print(f"note: {note}", markup=False)
    if written.resumed:
        err.print(f"{written.resumed} rows were there from an earlier call", markup=False)
    if written.rejected:
        rows = "1 row was" if written.rejected == 1 else f"{written.rejected} rows were"
        err.print(f"{rows} rejected and left empty in the output, see {written.rejects}", markup=False)
