"""A file of any size through a cluster: the rows that the local engine would write, in partitions."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from mtl.cluster.corpus import Corpus, finished_parts
from mtl.cluster.options import ClusterOptions
from mtl.cluster.outputs import ClusterOutput, Summary, output_of
from mtl.cluster.partitions import Reading, Report
from mtl.cluster.session import connected, need_cluster
from mtl.cluster.store import is_url
from mtl.cluster.worker import ModelChoice
from mtl.errors import ClusterError, DataError, InputError
from mtl.inference.backends import BackendName
from mtl.inference.bulk.begun import load_engine
from mtl.inference.bulk.files import FileResult, model_key
from mtl.inference.bulk.rejects import Rejects
from mtl.inference.bulk.state import STATE_FILE
from mtl.inference.options import AUTO
from mtl.inference.source import find_model


@dataclass(frozen=True, slots=True)
class ClusterModel:
    """A model by the name that every machine knows it by, and its precision."""

    name: str
    precision: str = AUTO


def run_on_cluster(
    model: ClusterModel, corpus: Corpus, options: ClusterOptions, *, progress: Callable[[int], None]
) -> FileResult:
    """Run every text of a file on a cluster and write the output; partitions that an interrupted call wrote are kept.

    Args:
        model: runs the texts.
        corpus: what is read and written.
        options: where this runs, and how it is divided.
        progress: is told after each partition how many rows are done.

    Raises:
        ClusterError: there is no cluster, or it cannot do its part.
        StorageError: the input or the output is in a store that cannot be used.
        DataError, InputError: as `mtl.inference.bulk.files.run_file`; or there are finished parts of something else.
    """
    if corpus.form.needs_index:
        message = (
            "an output ending in .jsonl or .parquet was expected with --engine ray, since it has no index beside it"
        )
        raise InputError(message, path=corpus.target)
    need_cluster(options)
    with output_of(corpus) as output:
        chosen = _chosen(model, options, output.store.read(output.store.beside(STATE_FILE)))
        key = model_key(chosen.fingerprint, chosen.backend, chosen.precision)
        suffix = corpus.form.suffix
        finished = finished_parts(output.store, corpus.state(key, options.partition_rows), suffix)
        if (before := output.complete(finished)) is not None:
            progress(before.rows)
            return FileResult(before.texts, before.rows, before.rejected, output.place_of_rejects, before.notes)
        file = corpus.source if is_url(corpus.source) else str(Path(corpus.source).resolve())
        reading = Reading(corpus.source, file, corpus.options, corpus.keep, options.partition_rows)
        tally = _Tally(output.rejects)
        with connected(options) as cluster:
            from mtl.cluster.dataset import ClusterWork, written

            work = ClusterWork(reading, finished, chosen, output.store, corpus.form)
            with closing(written(work, options, cluster.workers)) as reports:
                for report in reports:
                    if report.failed:
                        raise ClusterError(report.failed)
                    tally.add(report)
                    progress(tally.rows)
        result = _finished(output, tally, suffix)
        return replace(result, notes=(*result.notes, *_deaths(cluster.deaths)))


def _deaths(count: int) -> tuple[str, ...]:
    """A note on workers that died."""
    if not count:
        return ()
    who, what = ("1 worker", "it") if count == 1 else (f"{count} workers", "them")
    return (f"{who} died; what was lost with {what} was run again",)


def _finished(output: ClusterOutput, tally: "_Tally", suffix: str) -> FileResult:
    last = tally.last
    if last is not None and last.unreadable is not None:
        if not tally.texts:
            output.rejects.path.unlink(missing_ok=True)
        output.discard()
        raise DataError(last.unreadable)
    missing = set(range(last.number)) - output.store.numbers(suffix) if last is not None else {0}
    if last is None or missing:
        message = f"all parts were expected, {len(missing)} of them are not there; call again to add them"
        raise ClusterError(message, path=output.store.location)
    parts = [output.store.part(number, suffix) for number in range(last.number)]
    output.finish(parts, Summary(tally.rows, tally.texts, output.rejects.count, last.notes))
    return FileResult(tally.texts, tally.resumed, output.rejects.count, output.place_of_rejects, last.notes)


def _chosen(model: ClusterModel, options: ClusterOptions, state: bytes | None) -> ModelChoice:
    """How all workers run the model: what this machine would choose, unless they compute on another device."""
    name = str(Path(model.name).resolve()) if Path(model.name).is_dir() else model.name
    if options.gpus:
        if model.precision == AUTO:
            message = "fp32 or bf16 was expected with --worker-gpus: this machine cannot choose for theirs"
            raise InputError(message, key="--precision")
        return ModelChoice(name, find_model(name).fingerprint(), BackendName.TORCH, model.precision)
    engine = load_engine(name, precision=model.precision, state=state)
    return ModelChoice(name, engine.fingerprint, engine.choice.backend, engine.choice.precision)


class _Tally:
    """Counts what reports say, each partition once, and passes on the rejected rows in the order of the input."""

    def __init__(self, rejects: Rejects) -> None:
        self.rows = self.texts = self.resumed = 0
        self.last: Report | None = None
        self._rejects = rejects
        self._seen: set[int] = set()
        self._waiting: dict[int, tuple[Mapping[str, object], ...]] = {}
        self._next = 0

    def add(self, report: Report) -> None:
        """Count a report, whose turn may not have come yet."""
        if report.number in self._seen:
            return
        self._seen.add(report.number)
        self.last = report if report.is_last else self.last
        self.rows += report.rows
        self.texts += report.texts
        self.resumed += report.rows * report.is_finished
        self._waiting[report.number] = report.rejects
        for rejects in self._ready():
            for record in rejects:
                self._rejects.add(record)

    def _ready(self) -> Iterator[tuple[Mapping[str, object], ...]]:
        while (rejects := self._waiting.pop(self._next, None)) is not None:
            self._next += 1
            yield rejects
