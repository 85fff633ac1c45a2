"""Which backend and precision a model runs with on this machine, and why."""

from pydantic import BaseModel, ConfigDict

from mtl.inference.autotune import machine
from mtl.inference.backends import DEFAULT_BATCH_TOKENS, BackendName, InferencePrecision

MIN_COSINE = 0.999
MOST_LOSS = 0.002
_AGAIN_SECONDS = 600.0  # between two measurements of a choice that stays provisional


class Fidelity(BaseModel):
    """How near a backend's answers were to those of torch in fp32.

    `same_classes` is of single-label tasks. `tag_f1_loss` is 1 less the F1 of the entities on the probe sentences,
    those of fp32 being right, `label_f1_loss` the same of the labels that multi-label tasks choose; `sample_loss` is
    the most that a task's main metric lost on the checkpoint's own evaluation sample, 0 without one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    min_cosine: float
    same_classes: bool
    tag_f1_loss: float
    label_f1_loss: float = 0.0
    sample_loss: float = 0.0

    @property
    def faithful(self) -> bool:
        """Whether the backend may be taken without being asked for."""
        losses = (self.tag_f1_loss, self.label_f1_loss, self.sample_loss)
        return self.min_cosine >= MIN_COSINE and self.same_classes and max(losses) <= MOST_LOSS


class Measurement(BaseModel):
    """One candidate; the speed is that of its best pass over the probe sentences."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    backend: BackendName
    precision: InferencePrecision
    tokens_per_second: float
    fidelity: Fidelity


class Choice(BaseModel):
    """What was chosen, and `reason` why, with every candidate that was measured; `notes` say what could not run.

    A `provisional` choice was measured while other work kept the machine busy, or has a graph `unwritten`, such
    as on a full disk; it is measured again at a later load. `measured_at` is in seconds since 1970.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    backend: BackendName
    precision: InferencePrecision
    reason: str
    batch_tokens: int = DEFAULT_BATCH_TOKENS
    provisional: bool = False
    unwritten: bool = False
    measured_at: float = 0.0
    measured: tuple[Measurement, ...] = ()
    notes: tuple[str, ...] = ()


def is_due(choice: Choice) -> bool:
    """Whether a choice is to be measured again: a provisional one, after a while, when the machine is calm."""
    if machine.now() - choice.measured_at < _AGAIN_SECONDS:
        return False
    return choice.unwritten or (choice.provisional and machine.core_share() >= machine.CALM)
