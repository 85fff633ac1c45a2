import argparse
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from demo.settings import Settings, derive
from mtl.checkpoint.config import CONFIG_FILE, BackboneReference, CheckpointConfig, TaskRecord
from mtl.inference.analysis import Analysis, Entity
from mtl.recipe import DEFAULT_BACKBONE, Pooling, TaskKind
from mtl.recipe.tasks import HeadConfig
from mtl.runs import RunFolder
from mtl.text.subwords import Subword


@dataclass(frozen=True)
class FakeTask:
    kind: TaskKind
    labels: tuple[str, ...]
    multi_label: bool = False

    @property
    def limits(self) -> dict[str, float]:
        return dict.fromkeys(self.labels, 0.5)


class FakeModel:
    backbone = DEFAULT_BACKBONE
    tasks = {
        "topic": FakeTask(TaskKind.CLASSIFICATION, ("sports", "travel")),
        "entities": FakeTask(TaskKind.TAGGING, ("LOC", "ORG", "PER")),
    }

    def analyze(self, sentences: Sequence[str]) -> list[Analysis]:
        return [analysis(text) for text in sentences]

    def count_tokens(self, sentences: Sequence[str]) -> int:
        return sum(len(text.split()) + 2 for text in sentences)

    def subwords(self, sentence: str) -> tuple[Subword, ...]:
        return (Subword("[CLS]", 0, 0), *(Subword(w.group(), *w.span()) for w in re.finditer(r"\S+", sentence)))


def analysis(text: str, *, entities: list[Entity] | None = None, cut_at: int | None = None) -> Analysis:
    vector = np.random.default_rng(sum(map(ord, text))).normal(size=8).astype(np.float32)
    classes = {"topic": {"sports": 0.75, "travel": 0.25}}
    return Analysis(text, vector, classes, {"entities": entities or []}, len(text.split()) + 2, cut_at)


def write_config(folder: RunFolder, **tasks: TaskKind) -> None:
    """The configuration of a run's best checkpoint with these tasks."""
    found = {name: TaskRecord(kind=kind, labels=(), head=HeadConfig()) for name, kind in tasks.items()}
    backbone = BackboneReference(name=DEFAULT_BACKBONE, sha256="0" * 64)
    config = CheckpointConfig(backbone=backbone, pooling=Pooling.MEAN, max_length=256, tasks=found)
    folder.best.mkdir(parents=True, exist_ok=True)
    (folder.best / CONFIG_FILE).write_text(config.model_dump_json(), encoding="utf-8")


def entity(kind: str, start: int, end: int, text: str) -> Entity:
    return Entity(entity_group=kind, score=0.9, word=text[start:end], start=start, end=end)


def arguments(**given) -> argparse.Namespace:
    """What `app.py` makes of its command line."""
    usual = {
        "training": None,
        "share": False,
        "checkpoint": None,
        "host": "127.0.0.1",
        "public": False,
        "allow_host": [],
    }
    return argparse.Namespace(**usual | given)


def settings(*, space: bool = False, **given) -> Settings:
    return derive(arguments(**given), {"SPACE_ID": "someone/polyhead"} if space else {})


class NoThread:
    """In place of `threading.Thread` on a system that has no room for one."""

    def __init__(self, **_):
        pass

    def start(self):
        raise RuntimeError("can't start new thread")
