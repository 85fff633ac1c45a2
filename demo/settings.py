"""The limits of the page, derived from the command line and the environment."""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec

from mtl.recipe import DEFAULT_BACKBONE
from mtl.serving.hosts import is_loopback


class Training(StrEnum):
    """What visitors may train."""

    FULL = "full"
    CAPPED = "capped"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Settings:
    """The limits of this page; times in minutes, sizes in megabytes (10^6 bytes)."""

    training: Training
    public: bool
    """Whether the page can be reached by anybody."""
    accounts: bool
    """Whether visitors can sign in with a Hugging Face account, which then owns their runs on every device."""
    checkpoint: str | None
    backbones: tuple[str, ...]
    """The backbones on offer; others are allowed only if `any_backbone` is set."""
    any_backbone: bool
    max_sentences: int
    """In one text box, one a line."""
    max_file_sentences: int
    """In one uploaded file."""
    max_characters: int
    """In all typed texts of one request together."""
    max_tokens: int
    """In all typed texts of one request together, counted by the model."""
    max_file_tokens: int
    """In the texts of one file that a model runs over, counted by the model."""
    max_text_characters: int
    """In one text of a file that a model runs over."""
    max_upload_mb: float
    """Of one uploaded file."""
    max_rows: int
    """In the training and dev files of a task together."""
    read_memory_mb: float
    """Of the process that reads one file."""
    read_seconds: float
    """Of computing, to read one file."""
    max_tasks: int
    """In one run."""
    max_epochs: int
    """Of one run."""
    max_steps: int | None
    """Of one run."""
    max_minutes: float | None
    """Of the steps of a run; the page ends one that needs five minutes more."""
    max_batch_tokens: int | None
    """In one batch of training."""
    max_labels: int | None
    """Of one task."""
    max_run_memory_mb: float | None
    """Of the processes of one run or plan."""
    max_label_texts: int
    """In one project of the Label tab."""
    owner_label_projects: int | None
    """Labelling projects of one visitor."""
    owner_label_mb: float | None
    """No labelling project is made for a visitor whose projects take more."""
    kept_label_mb: float | None
    """No labelling project is made while all together take more."""
    open_label_projects: int
    """Labelling projects kept in memory, of all visitors; the others are opened again when they are used."""
    max_live_runs: int
    """Of all visitors together."""
    max_waiting_runs: int
    """In the queue, in addition to the live runs."""
    owner_runs: int | None
    """Live and waiting runs of one visitor."""
    address_runs: int | None
    """Live and waiting runs from one network address, which a whole class may share."""
    kept_days: float | None
    """Runs and uploads are deleted so long after their last change; None keeps all."""
    kept_runs_mb: float | None
    """No run starts while all runs together take more."""
    visitor_runs_mb: float | None
    """No run starts for a visitor whose runs, or those from the same address, take more."""
    kept_uploads_mb: float | None
    """No file is taken while all uploads together take more."""
    owner_uploads_mb: float | None
    """No file is taken from a visitor whose uploads take more."""
    loaded_engines: int
    """How many models are kept in memory."""
    loaded_engines_mb: float
    """The memory of all models together; the model in use always stays."""
    max_request_mb: float
    """Of a request that is not an upload."""
    max_uploads_mb: float
    """Of all uploads of one visitor within ten minutes; of one address ten times as much, of all fifty times."""
    max_requests: int
    """Of one visitor answered at once; eight times as many may wait. Of one address eight times as many."""
    max_queued: int
    """Requests that wait for a model or for a slow answer, of all visitors."""
    max_queued_of_visitor: int
    """Of one visitor."""
    max_queued_of_address: int
    """Of one network address."""
    max_sessions: int
    """Open pages that the server remembers; a page that it forgot has to be loaded again."""
    max_sessions_mb: float
    """The data of all open pages; the data of those that were not used for longest are dropped first."""

    @property
    def private_runs(self) -> bool:
        """Whether visitors see only their own runs."""
        return self.public or self.training is not Training.FULL


def derive(arguments: argparse.Namespace, environment: Mapping[str, str]) -> Settings:
    """Derive the settings from the arguments and the environment.

    A Space, a shared link, a page behind a proxy and any host that is not this machine alone are public. Training is
    limited there unless `--training full` was given.
    """
    reached = arguments.share or arguments.public or not is_loopback(arguments.host)
    public = bool(reached or environment.get("SPACE_ID"))
    training = Training(arguments.training or (Training.CAPPED if public else Training.FULL))
    capped = training is not Training.FULL
    return Settings(
        training=training,
        public=public,
        accounts=bool(environment.get("SPACE_ID") and environment.get("OAUTH_CLIENT_ID") and find_spec("authlib")),
        checkpoint=arguments.checkpoint,
        backbones=(DEFAULT_BACKBONE,),
        any_backbone=not (capped or public),
        max_sentences=200 if public else 1000,
        max_file_sentences=5_000 if public else 100_000,
        max_characters=100_000 if public else 1_000_000,
        max_tokens=20_000 if public else 500_000,
        max_file_tokens=200_000 if public else 20_000_000,
        max_text_characters=50_000 if public else 2_000_000,
        max_upload_mb=2.0 if capped or public else 50.0,
        max_rows=2_000 if capped else 200_000,
        read_memory_mb=500.0 if capped or public else 8_000.0,
        read_seconds=15.0 if capped or public else 600.0,
        max_tasks=4 if capped else 8,
        max_epochs=30 if capped else 50,
        max_steps=1_000 if capped else None,
        max_minutes=10.0 if capped else None,
        max_batch_tokens=8_192 if capped else None,
        max_labels=500 if capped else None,
        max_run_memory_mb=3_000.0 if capped else None,
        max_label_texts=5_000 if public else 100_000,
        owner_label_projects=10 if public else None,
        owner_label_mb=50.0 if public else None,
        kept_label_mb=500.0 if public else None,
        open_label_projects=4,
        max_live_runs=1 if capped else 2,
        max_waiting_runs=20 if capped else 50,
        owner_runs=2 if capped else None,
        address_runs=8 if capped else None,
        kept_days=7.0 if public else None,
        kept_runs_mb=10_000.0 if public else None,
        visitor_runs_mb=2_500.0 if public else None,
        kept_uploads_mb=500.0 if public else None,
        owner_uploads_mb=50.0 if public else None,
        loaded_engines=2 if public else 3,
        loaded_engines_mb=2_000.0 if public else 4_000.0,
        max_request_mb=1.0 if public else 16.0,
        max_uploads_mb=20.0 if public else 1_000.0,
        max_requests=8,
        max_queued=256,
        max_queued_of_visitor=24,
        max_queued_of_address=128,
        max_sessions=500 if public else 200,
        max_sessions_mb=300.0 if public else 2_000.0,
    )
