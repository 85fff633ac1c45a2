"""A run's checkpoint measured on a labelled file, by `python -m mtl evaluate` in a separate process."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from demo.answers.cost import need_file
from demo.answers.counting import FileCounter, tokenizer_file
from demo.inputs.drafts import allowed_endings
from demo.inputs.text_input import need_size
from demo.reading import in_child
from demo.runs.commands import Command
from demo.settings import Settings
from mtl.checkpoint.config import read_config
from mtl.data import TaskLog, read_files, texts_of
from mtl.errors import DataError, InputError, MtlError
from mtl.evaluation import CalibrationCurves, evaluation_notes
from mtl.metrics.calibration import ReliabilityBin, RiskPoint
from mtl.recipe import TaskConfig, TaskKind
from mtl.runs import RunFolder
from mtl.task import TaskInfo

_GUESS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Measured:
    """Metrics of a task by name, its calibration curves if it has probabilities, and what to know of the file."""

    metrics: Mapping[str, float]
    curves: CalibrationCurves | None
    notes: tuple[str, ...] = ()


def tasks_of(run: RunFolder) -> dict[str, TaskKind]:
    """The tasks of a run's best checkpoint; none before there is one."""
    try:
        return {name: task.kind for name, task in read_config(run.best).tasks.items()}
    except MtlError:
        return {}


@in_child
def need_examples(
    path: Path, settings: Settings, config: TaskConfig, task: TaskInfo, tokenizer: Path | None
) -> tuple[str, ...]:
    """Read a labelled file before a model is loaded for it, and tell what to know of it, such as unknown labels.

    Raises:
        MtlError: it does not fit the task, or has more examples or tokens than the page takes.
    """
    most = settings.max_file_sentences
    log = TaskLog()
    examples = read_files(config, [str(path)], log=log, most=most + 1)
    if len(examples) > most:
        raise InputError(f"at most {most:,} examples were expected, the file has more", path=path)
    texts = [text for example in examples for text in texts_of(example)]
    need_file(FileCounter(tokenizer), texts, settings)
    return (*log.notes, *evaluation_notes(task, examples))


def _config(run: RunFolder, task: str, columns: Mapping[str, str]) -> TaskConfig:
    """How the task's files are to be read, as the command reads them."""
    config = read_config(run.best)
    return config.tasks[task].task_config(task, config.recipe, columns)


def measure(
    run: RunFolder, task: str | None, file: Path | None, settings: Settings, columns: Mapping[str, str] = _GUESS
) -> Measured:
    """Every metric of one task on a file, tagging also on the raw text, and the curves of its probabilities.

    Args:
        run: whose best checkpoint is measured.
        task: one of its tasks.
        file: of labelled examples.
        settings: of the page.
        columns: the column of each role where it is chosen.

    Raises:
        InputError: there is no such task, or no file.
        DataError: the page does not accept the type of the file.
        RunError: the data do not fit the task, or the time limit was exceeded.
    """
    kinds = tasks_of(run)
    if task not in kinds:
        raise InputError(f"A task of {', '.join(kinds) or 'a run with a checkpoint'} was expected, was {task}.")
    if file is None:
        raise InputError("Upload a labelled file first.")
    allowed = allowed_endings(kinds[task], settings)
    if file.suffix.lower() not in allowed:
        raise DataError(f"a file of type {', '.join(allowed)} was expected.", path=file)
    need_size(file, settings)
    info = read_config(run.best).tasks[task].info(task)
    notes = need_examples(file, settings, _config(run, task, columns), info, tokenizer_file(run.best))
    raw = ["--raw"] if kinds[task] is TaskKind.TAGGING else []
    given = [part for role, column in columns.items() for part in ("--column", f"{role}={column}")]
    seconds = 60 * (settings.max_minutes or 60)
    arguments = ["evaluate", str(run.best), "--data", f"{task}={file}", "--curves", *raw, *given]
    answer: dict[str, Any] = Command(arguments, settings=settings).answer(seconds=seconds)
    curves, prefix = answer.pop("curves", {}).get(task), f"eval/{task}/"
    metrics = {name.removeprefix(prefix): float(value) for name, value in answer.items()}
    return Measured(metrics, None if curves is None else _curves(curves), notes)


def _curves(content: Mapping[str, Any]) -> CalibrationCurves:
    return CalibrationCurves(
        tuple(ReliabilityBin(**one) for one in content["reliability"]),
        tuple(RiskPoint(**one) for one in content["risk_coverage"]),
        content["ece_by_chance"],
    )
