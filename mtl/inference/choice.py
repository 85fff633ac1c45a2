"""Which backend and precision a model runs with on this machine, and what was measured to decide it."""

import hashlib
import platform
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from mtl.inference.cores import usable_cores
from mtl.inference.precision import InferencePrecision


class Measured(BaseModel):
    """One candidate: its speed in tokens a second, and how near to fp32 it was on the probe sentences.

    `sample_loss` is the most that a task's main metric lost on the checkpoint's own evaluation sample, 0 without one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    backend: str
    precision: InferencePrecision
    tokens_per_second: float
    min_cosine: float
    same_classes: bool
    tag_f1_loss: float
    sample_loss: float = 0.0
    faithful: bool


class Choice(BaseModel):
    """What was chosen, with every candidate that was measured; `notes` say what could not run, and why."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    backend: str
    precision: InferencePrecision
    batch_tokens: int
    measured: tuple[Measured, ...] = ()
    notes: tuple[str, ...] = ()


def machine_key(wanted: str) -> str:
    """A short hash of this machine's processor and of what was asked for."""
    parts = [wanted, platform.machine(), _processor(), str(usable_cores())]
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]


def _processor() -> str:
    """The processor's name and abilities: bf16 and int8 instructions decide what is fast."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    wanted = ("model name", "flags", "Features")
    return "|".join(dict.fromkeys(line for line in lines if line.startswith(wanted)))
