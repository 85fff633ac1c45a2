"""Every limit of the page in one place, derived from the command line and the environment."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from mtl.recipe import DEFAULT_BACKBONE


class Training(StrEnum):
    """What the page lets people train."""

    FULL = "full"
    CAPPED = "capped"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Settings:
    """What this page allows; times in minutes, sizes in megabytes (10^6 bytes)."""

    training: Training
    public: bool
    """Whether strangers may be looking."""
    checkpoint: str | None
    backbones: tuple[str, ...]
    """The backbones to choose from; any other one is allowed only if `any_backbone`."""
    any_backbone: bool
    max_sentences: int
    max_file_sentences: int
    """Of one uploaded file."""
    max_characters: int
    """Of all texts of one request together, as far as they were typed."""
    max_upload_mb: float
    max_rows: int
    """Of one training file."""
    max_tasks: int
    max_epochs: int
    max_steps: int | None
    max_minutes: float | None
    max_live_runs: int
    """Of everyone together."""
    max_waiting_runs: int
    """In the queue behind them."""
    kept_runs: int | None
    """The oldest runs over this number are deleted when a new one starts; None keeps all."""
    kept_uploads_mb: float | None
    """The oldest uploads over this size are deleted when a new one comes; None keeps all."""
    loaded_engines: int
    """How many models stay in memory."""
    loaded_engines_mb: float
    """What they may take together; the one in use stays in any case."""

    @property
    def private_runs(self) -> bool:
        """Whether everybody sees only their own runs."""
        return self.public or self.training is not Training.FULL


def derive(arguments: argparse.Namespace, environment: Mapping[str, str]) -> Settings:
    """The settings of a page started with these arguments in this environment.

    A Space or a shared link is public: training is capped there unless it was asked for in full.
    """
    public = bool(arguments.share or environment.get("SPACE_ID"))
    training = Training(arguments.training or (Training.CAPPED if public else Training.FULL))
    capped = training is not Training.FULL
    return Settings(
        training=training,
        public=public,
        checkpoint=arguments.checkpoint,
        backbones=(DEFAULT_BACKBONE,),
        any_backbone=not (capped or public),
        max_sentences=200 if public else 1000,
        max_file_sentences=5_000 if public else 100_000,
        max_characters=100_000 if public else 1_000_000,
        max_upload_mb=2.0 if capped or public else 50.0,
        max_rows=2_000 if capped else 200_000,
        max_tasks=4 if capped else 8,
        max_epochs=30 if capped else 50,
        max_steps=1_000 if capped else None,
        max_minutes=10.0 if capped else None,
        max_live_runs=1 if capped else 2,
        max_waiting_runs=5 if capped else 50,
        kept_runs=20 if public else None,
        kept_uploads_mb=500.0 if public else None,
        loaded_engines=2 if public else 3,
        loaded_engines_mb=2_000.0 if public else 4_000.0,
    )
