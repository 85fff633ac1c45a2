"""A run in a table: its settings, and the figures of its best checkpoint. No gradio, no torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from demo.runs import RunInfo
from demo.runs.watching import Watcher
from mtl.errors import RunError
from mtl.runs import Evaluated, Event, Finished, RunFolder, Saved, Started

_QUIET = ("about", "data_root", "cache.", "checkpoint.", "filled_in.")
"""Keys that change no result."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A run in a table: `settings` are recipe keys and values, `metrics` those of the best checkpoint.

    Time in seconds, size in bytes; None while it is not known yet.
    """

    info: RunInfo
    settings: Mapping[str, str]
    metrics: Mapping[str, float]
    events: tuple[Event, ...]
    tasks: tuple[str, ...]
    seconds: float | None
    size: int | None
    trained: int | None
    total_steps: int

    @property
    def strategy(self) -> str:
        """The freezing choice in short."""
        preset = self.settings.get("freezing.preset") or self.settings.get("freezing.backbone") or "full"
        details = [self.settings.get("freezing.layers"), self.settings.get("freezing.frozen_heads")]
        return " ".join([preset, *(detail for detail in details if detail)])


def summarize_run(folder: RunFolder, info: RunInfo, watcher: Watcher) -> RunSummary:
    """Summarize a run from its folder."""
    try:
        events = tuple(watcher.events(folder))
    except RunError:  # events of another version: list the run without figures
        events = ()
    started = next((event for event in events if isinstance(event, Started)), None)
    finished = next((event for event in reversed(events) if isinstance(event, Finished)), None)
    saved = next((event for event in reversed(events) if isinstance(event, Saved) and event.name == "best"), None)
    return RunSummary(
        info=info,
        settings=_settings(folder),
        metrics=best_metrics(events),
        events=events,
        tasks=started.tasks if started else (),
        seconds=finished.seconds if finished else None,
        size=folder.bytes_of(saved) if saved else None,
        trained=started.trained_parameters if started else None,
        total_steps=started.total_steps if started else 0,
    )


def best_metrics(events: Sequence[Event]) -> dict[str, float]:
    """Metrics at the best checkpoint; empty before the first evaluation."""
    measured = {event.step: event for event in events if isinstance(event, Evaluated)}
    steps = [event.step for event in events if isinstance(event, Saved) and event.name == "best"]
    found = measured.get(steps[-1]) if steps else None
    return dict(found.metrics) if found else {}


def differences(runs: Sequence[RunSummary]) -> dict[str, tuple[str, ...]]:
    """The settings in which runs differ: for each key the value of every run, empty if the run does not have it."""
    keys = dict.fromkeys(key for run in runs for key in run.settings)
    rows = {key: tuple(run.settings.get(key, "") for run in runs) for key in keys if not key.startswith(_QUIET)}
    return {key: values for key, values in rows.items() if len(set(values)) > 1}


def _settings(folder: RunFolder) -> Mapping[str, str]:
    file = folder.recipe if folder.recipe.is_file() else folder.path / "request.yaml"
    try:
        return _read_settings(file, file.stat().st_mtime_ns)
    except OSError:
        return {}


@lru_cache(maxsize=512)
def _read_settings(file: Path, version: int) -> Mapping[str, str]:
    """Cached for each `version` of the file, because a table of a hundred runs is drawn every few seconds."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, ValueError, RecursionError):
        return {}
    return MappingProxyType(dict(_flat(content, ""))) if isinstance(content, dict) else {}


def _flat(value: Any, path: str) -> list[tuple[str, str]]:  # noqa: ANN401
    if isinstance(value, dict):
        return [pair for key, inner in value.items() for pair in _flat(inner, f"{path}.{key}" if path else str(key))]
    if isinstance(value, list):
        value = ", ".join(Path(str(item)).name if "/" in str(item) else str(item) for item in value)
    if isinstance(value, str) and value.startswith("/"):
        value = "/".join(Path(value).parts[-2:])
    return [] if value in (None, "", ()) else [(path, str(value))]
