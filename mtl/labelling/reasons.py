"""In what order texts are shown, and why a text is shown."""

from dataclasses import dataclass
from enum import StrEnum


class Order(StrEnum):
    """What comes next. Pairs have no order by `DIVERSE` or `DENSE`, they take the mix."""

    MIX = "mix"
    """What helps the model most, and one card in five by chance, which measures it."""
    UNSURE = "unsure"
    """Where the model hesitates."""
    DIVERSE = "diverse"
    """Far from everything that has been labelled."""
    DENSE = "dense"
    """Like many other texts."""
    NEAR = "near"
    """Of pairs: those of the highest cosine. Texts have no such order, they take the mix."""
    RANDOM = "random"
    """By chance alone."""


class Reason(StrEnum):
    """Why a text is shown."""

    MEASURED = "measured"
    """By chance: its answer measures the model, whatever the model thinks of it."""
    UNSURE = "unsure"
    RARE = "rare"
    """It may have a label of which there are few examples."""
    DIVERSE = "diverse"
    DENSE = "dense"
    NEAR = "near"
    """Both texts of the pair are near each other: if they differ, they are a hard negative."""
    CHOSEN = "chosen"
    """Somebody opened it: from the table, the map or by undo."""


@dataclass(frozen=True, slots=True)
class Why:
    """A reason and its sentence for this text: "The model hesitates between sports and travel."."""

    reason: Reason
    sentence: str
