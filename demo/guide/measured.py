"""The figures written by the programs in `benchmarks/`; a missing file gives none."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median
from typing import Any

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results"


@dataclass(frozen=True, slots=True)
class Timed:
    """A training method: seconds and dev metrics by name, as medians or means over runs."""

    name: str
    seconds: float
    figures: dict[str, float]


@dataclass(frozen=True, slots=True)
class Tried:
    """The best settings tried for a freezing preset; means over seeds."""

    preset: str
    score: float
    figures: dict[str, float]
    drift: float
    seconds: float
    settings: dict[str, float]


@dataclass(frozen=True, slots=True)
class Tested:
    """A test metric of the starter, and that of a model trained on one task only."""

    task: str
    test: str
    metric: str
    starter: float
    single: float


@dataclass(frozen=True, slots=True)
class Labelled:
    """Test scores of a set by the number of labels, in the default order and by chance; means over seeds."""

    name: str
    mix: dict[str, float]
    random: dict[str, float]


def timings(folder: Path = RESULTS) -> list[Timed]:
    """Training times with freezing (`benchmarks/train.py`), in the order of the file."""
    content = _read(folder / "train.json") or {"runs": {}}
    return [
        Timed(name, median(run["seconds"] for run in runs), _medians(run["figures"] for run in runs))
        for name, runs in content["runs"].items()
        if runs
    ]


def trials(folder: Path = RESULTS) -> list[Tried]:
    """The best settings of each preset (`benchmarks/defaults.py`), in the order of the file."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for trial in _read(folder / "defaults.json") or []:
        settings = json.dumps(trial["settings"], sort_keys=True)
        found.setdefault(trial["preset"], {}).setdefault(settings, []).append(trial)
    tried = []
    for preset, groups in found.items():
        best = max(groups.values(), key=lambda group: mean(trial["score"] for trial in group))
        tried.append(
            Tried(
                preset,
                mean(trial["score"] for trial in best),
                {name: mean(trial["figures"][name] for trial in best) for name in best[0]["figures"]},
                mean(trial["drift"] for trial in best),
                mean(trial["seconds"] for trial in best),
                best[0]["settings"],
            )
        )
    return tried


def comparison(folder: Path = RESULTS) -> list[Timed]:
    """The results of `python -m mtl compare --json`, means over seeds, in the order of the file."""
    return [
        Timed(row["strategy"], row["seconds"]["mean"], {name: value["mean"] for name, value in row["metrics"].items()})
        for row in _read(folder / "compare.json") or []
    ]


def labelling(folder: Path = RESULTS) -> list[Labelled]:
    """What a simulated person gets for so many labels (`benchmarks/label.py`), in the order of the file."""
    content = _read(folder / "label.json") or {}
    return [
        Labelled(name, *({at: mean(values) for at, values in orders[order].items()} for order in ("mix", "random")))
        for name, orders in content.get("quality", {}).items()
        if {"mix", "random"} <= orders.keys()
    ]


def tests(folder: Path = RESULTS) -> list[Tested]:
    """The starter compared with single-task models (`benchmarks/starter.py`)."""
    return [
        Tested(row["task"], row["test"].partition("/")[0], metric, value, row["single_task"][metric])
        for row in _read(folder / "starter.json") or []
        for metric, value in row["starter"].items()
        if metric in row.get("single_task", {})
    ]


def _read(file: Path) -> Any:  # noqa: ANN401
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else None


def _medians(figures: Iterable[dict[str, float]]) -> dict[str, float]:
    rows = list(figures)
    return {name: median(row[name] for row in rows) for name in rows[0]}
