"""What a caller may ask of an engine."""

from dataclasses import dataclass

from mtl.inference.precision import InferencePrecision

AUTO = "auto"
TORCH, OPENVINO = "torch", "openvino"
BACKENDS = (OPENVINO, TORCH)
DEFAULT_BATCH_TOKENS = 1024


@dataclass(frozen=True, slots=True)
class Wanted:
    """The precision and backend that were asked for; None lets the machine decide."""

    precision: InferencePrecision | None
    backend: str | None

    @property
    def key(self) -> str:
        """The wish as a string."""
        return f"{self.precision or AUTO}|{self.backend or AUTO}"
