"""`evaluate`: a checkpoint measured on labelled files."""

from collections.abc import Sequence
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from mtl.cli.console import err, need_writable, out, write_json
from mtl.data import Example, TaggedText, TaskLog, read_files
from mtl.data.formats import ReadOptions
from mtl.errors import InputError
from mtl.inference import Engine
from mtl.labels import TypedSpan
from mtl.metrics import span_f1
from mtl.recipe import TaskKind


def evaluate_command(
    checkpoint: str,
    data: Sequence[str],
    json_file: Path | None,
    *,
    raw: bool,
    precision: str,
    options: ReadOptions,
) -> None:
    """Print every task's metrics, and write them where asked."""
    if json_file is not None:
        need_writable(json_file)
    engine = Engine.load(checkpoint, precision=precision)
    metrics: dict[str, float] = {}
    for item in data:
        name, equals, file = item.partition("=")
        if not equals or name not in engine.tasks:
            raise InputError(f"--data takes TASK=FILE with a task of {', '.join(engine.tasks) or 'none'}, was {item!r}")
        log = TaskLog()
        config = engine.task_config(name)
        config = config.model_copy(update={"format": options.format, "columns": {**config.columns, **options.columns}})
        examples = read_files(config, [file], log=log)
        for note in log.notes:
            err.print(f"note: {name}: {note}", markup=False)
        found = engine.evaluate(name, examples)
        if raw and engine.tasks[name].kind is TaskKind.TAGGING:
            found |= {f"raw_{key}": value for key, value in raw_text_metrics(engine, name, examples).items()}
        prefix = f"eval/{name}"
        if any(key.startswith(f"{prefix}/") for key in metrics):
            raise InputError(f"one file a task was expected, {name} has two", key="--data")
        metrics |= {f"{prefix}/{key}": value for key, value in found.items()}
    table = Table("metric", "value")
    for key, value in metrics.items():
        table.add_row(escape(key), f"{value:.4f}")
    out.print(table)
    if json_file:
        write_json(json_file, metrics)


def raw_text_metrics(engine: Engine, task: str, examples: Sequence[Example]) -> dict[str, float]:
    """Exact-span scores of `Engine.tag` on the texts as a person would type them."""
    tagged = [e for e in examples if isinstance(e, TaggedText)]
    found = [
        [TypedSpan(e["start"], e["end"], e["entity_group"]) for e in result[task]]
        for result in engine.tag([e.text for e in tagged])
    ]
    return span_f1([e.visible_spans() for e in tagged], found)
