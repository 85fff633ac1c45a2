"""`evaluate`: a checkpoint measured on labelled files."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from mtl.cli.console import err, need_writable, out, write_json
from mtl.data import Example, ScoredPair, TaggedText, TaskLog, need_readable, read_files
from mtl.data.columns import FURTHER_ROLES, ROLES
from mtl.data.formats import ReadOptions
from mtl.errors import InputError, MtlError
from mtl.evaluation import CalibrationCurves, embedding_task, evaluation_notes, pair_notes
from mtl.evaluation.words_read import gold_spans
from mtl.inference import Engine
from mtl.inference.options import AUTO, EngineOptions
from mtl.inference.source import find_model
from mtl.labels import TypedSpan
from mtl.metrics import span_f1
from mtl.recipe import HeadConfig, SimilarityLoss, TaskConfig, TaskKind


def evaluate_command(
    checkpoint: str,
    data: Sequence[str],
    json_file: Path | None,
    *,
    similarity: str | None,
    curves: bool,
    raw: bool,
    precision: str,
    options: ReadOptions,
) -> None:
    """Print the metrics of tasks and of the embedding, and write them where asked."""
    if not data and similarity is None:
        raise InputError("--data TASK=FILE or --similarity FILE was expected")
    given = [*filter(None, (item.partition("=")[2] for item in data)), *(() if similarity is None else (similarity,))]
    if json_file is not None:
        need_writable(json_file, *given)
    for file in given:
        need_readable(file)
    EngineOptions.parse(precision=precision, backend=AUTO, long_texts=None)
    files = _files(checkpoint, data)
    engine = Engine.load(checkpoint, precision=precision)
    of_tasks, of_pairs = _divided(options) if data and similarity is not None else (options, options)
    metrics, drawn = _of_tasks(engine, files, raw=raw, options=of_tasks)
    if similarity is not None:
        of_any = HeadConfig(loss=SimilarityLoss.MULTIPLE_NEGATIVES)  # pairs without scores can be measured too
        pairs = _read("similarity", TaskConfig(kind=TaskKind.SIMILARITY, head=of_any), similarity, of_pairs)
        found = embedding_metrics(engine, pairs)
        _note("similarity", pair_notes(embedding_task(pairs), pairs))
        metrics |= {f"eval/embedding/{key}": value for key, value in found.items()}
    table = Table("metric", "value")
    for key, value in metrics.items():
        table.add_row(escape(key), f"{value:.4f}")
    out.print(table)
    for name, one in drawn.items() if curves else ():
        out.print(reliability_table(name, one))
    if json_file:
        further = {"curves": {name: asdict(one) for name, one in drawn.items()}} if curves else {}
        write_json(json_file, metrics | further)


def _divided(options: ReadOptions) -> tuple[ReadOptions, ReadOptions]:
    """The options for files of tasks, and those for pairs, whose columns have other roles."""
    roles = (*ROLES[TaskKind.SIMILARITY], *FURTHER_ROLES[TaskKind.SIMILARITY])
    pairs = {role: column for role, column in options.columns.items() if role in roles}
    others = {role: column for role, column in options.columns.items() if role not in roles}
    return replace(options, columns=others), replace(options, columns=pairs)


def _files(checkpoint: str, data: Sequence[str]) -> dict[str, str]:
    """The file of each task, of `TASK=FILE`; what is wrong is found before the model is loaded, which takes seconds."""
    files = dict[str, str]()
    for item in data:
        name, _, file = item.partition("=")
        if not name or not file:
            raise InputError(f"--data takes TASK=FILE, was {item!r}")
        if name in files:
            raise InputError(f"one file a task was expected, {name} has two", key="--data")
        files[name] = file
    tasks = find_model(checkpoint).tasks
    for name, file in files.items():
        if name not in tasks:
            item = f"{name}={file}"
            raise InputError(f"--data takes TASK=FILE with a task of {', '.join(tasks) or 'none'}, was {item!r}")
    return files


def _of_tasks(
    engine: Engine, files: Mapping[str, str], *, raw: bool, options: ReadOptions
) -> tuple[dict[str, float], dict[str, CalibrationCurves]]:
    """The metrics of each task's file, by full name, and the curves of tasks with probabilities."""
    metrics: dict[str, float] = {}
    drawn: dict[str, CalibrationCurves] = {}
    for name, file in files.items():
        examples = _read(name, engine.task_config(name), file, options)
        evaluation = engine.evaluate_with_curves(name, examples)
        _note(name, evaluation_notes(engine.tasks[name], examples))
        found = dict(evaluation.metrics)
        if evaluation.curves is not None:
            drawn[name] = evaluation.curves
        if raw and engine.tasks[name].kind is TaskKind.TAGGING:
            found |= {f"raw_{key}": value for key, value in raw_text_metrics(engine, name, examples).items()}
        metrics |= {f"eval/{name}/{key}": value for key, value in found.items()}
    return metrics, drawn


def reliability_table(task: str, curves: CalibrationCurves) -> Table:
    """The points of a reliability diagram, and how far they are from exact by chance alone."""
    told = f"ece {curves.ece_by_chance:.4f} is expected by chance alone"
    table = Table("probability", "came true", "decisions", title=f"{task}: reliability", caption=told)
    table.title_justify = table.caption_justify = "left"
    for one in curves.reliability:
        table.add_row(f"{one.probability:.3f}", f"{one.share:.3f}", f"{one.count:,}")
    return table


def embedding_metrics(engine: Engine, pairs: Sequence[Example]) -> dict[str, float]:
    """How well cosines follow scores, of a model and, as `backbone/…`, of its backbone as it was before training.

    A backbone that is not on this machine is left out, with a note.
    """
    from mtl.checkpoint.store import untrained

    scored = [pair for pair in pairs if isinstance(pair, ScoredPair)]
    found = engine.evaluate_embedding(scored)
    if not engine.tasks:
        return found
    try:
        loaded = untrained(engine.loaded_model())
        backbone = Engine.of(loaded, name=engine.backbone, long_texts=engine.tokenizer.long_texts)
    except MtlError as error:
        err.print(f"note: similarity: figures of the backbone before training are left out: {error}", markup=False)
        return found
    return found | {f"backbone/{key}": value for key, value in backbone.evaluate_embedding(scored).items()}


def _read(name: str, config: TaskConfig, file: str, options: ReadOptions) -> Sequence[Example]:
    log = TaskLog()
    config = config.model_copy(update={"format": options.format, "columns": {**config.columns, **options.columns}})
    examples = read_files(config, [file], log=log)
    _note(name, log.notes)
    return examples


def _note(name: str, notes: Iterable[str]) -> None:
    for note in notes:
        err.print(f"note: {name}: {note}", markup=False)


def raw_text_metrics(engine: Engine, task: str, examples: Sequence[Example]) -> dict[str, float]:
    """Exact-span scores of `Engine.tag` on the texts as a person would type them."""
    tagged = [e for e in examples if isinstance(e, TaggedText)]
    found = [
        [TypedSpan(e["start"], e["end"], e["entity_group"]) for e in result[task]]
        for result in engine.tag([e.text for e in tagged])
    ]
    return span_f1([gold_spans(e) for e in tagged], found)
