"""Which backend and precision a model runs with on this machine, and what was measured to decide it."""

from pydantic import BaseModel, ConfigDict

from mtl.inference.backends import BackendName, InferencePrecision


class Measured(BaseModel):
    """One candidate: its speed in tokens a second, and how near to fp32 it was on the probe sentences.

    `sample_loss` is the most that a task's main metric lost on the checkpoint's own evaluation sample, 0 without one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    backend: BackendName
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
    backend: BackendName
    precision: InferencePrecision
    batch_tokens: int
    measured: tuple[Measured, ...] = ()
    notes: tuple[str, ...] = ()
