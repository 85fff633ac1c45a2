"""Which freezing fits: a few rules from the size of the data, the labels, and how foreign the words are."""

from collections.abc import Mapping
from dataclasses import dataclass

from mtl.planning.report import Advice
from mtl.recipe.choices import Preset, TaskKind

_TINY, _SMALL, _LARGE = 50, 1000, 5000  # training examples
_PER_LABEL = 8
_FOREIGN = 1.8  # sub-word tokens a word; English prose on an English vocabulary has about 1.2


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """What the advice looks at: `pieces` is the mean number of sub-word tokens of a word."""

    kind: TaskKind
    examples: int
    labels: int
    pieces: float


def advise(tasks: Mapping[str, TaskFacts]) -> Advice:
    """The preset that these tasks ask for; the task with the strongest need decides."""
    examples = sum(task.examples for task in tasks.values())
    scarce = [n for n, t in tasks.items() if t.labels and t.examples < _PER_LABEL * t.labels]
    foreign = [n for n, t in tasks.items() if t.pieces > _FOREIGN]
    tagging = [n for n, t in tasks.items() if t.kind is TaskKind.TAGGING]
    similarity = [n for n, t in tasks.items() if t.kind is TaskKind.SIMILARITY]
    reasons = [f"{examples:,} training examples over {len(tasks)} tasks"]
    if foreign:
        reasons.append(
            f"the words of {', '.join(foreign)} are far from the backbone's vocabulary (many sub-words a word)"
        )
    if scarce:
        reasons.append(f"{', '.join(scarce)} has fewer than {_PER_LABEL} examples a label")
    if examples < _TINY or (len(scarce) == len(tasks) and not similarity):
        return Advice(Preset.HEADS_ONLY, (*reasons, "so few examples would only distort the encoder"))
    if similarity:
        reasons.append(f"{', '.join(similarity)} trains the embedding itself, so some layers must train")
    if examples >= _LARGE:
        return Advice(Preset.FULL, (*reasons, "that is enough to train every layer"))
    if tagging or similarity or foreign or examples >= _SMALL:
        if tagging:
            reasons.append(
                f"{', '.join(tagging)} needs word-level features that a sentence encoder's top does not keep"
            )
        return Advice(Preset.LAST_LAYERS, tuple(reasons))
    return Advice(Preset.HEADS_ONLY, (*reasons, "the embedding already separates topics well at this size"))
