"""Which freezing and backbone fit: a few rules from the data's size, labels, words and lengths, and from the heads.

The rules come from the sets `KNOWN` of `benchmarks/presets.py`, with 100 and 400 training examples, which also counts
how often they are right on others.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from mtl.planning.report import Advice
from mtl.recipe.choices import Preset, TaskKind

_TINY, _FEW, _LARGE = 50, 200, 5000  # training examples
_PER_LABEL = 6  # what was scarce had at most 2.7 examples a label in the study, and what was not at least 14
_MUCH_CUT = 0.05  # share of texts
_FOREIGN = 1.8  # sub-word tokens a word; English prose on an English vocabulary has about 1.2


@dataclass(frozen=True, slots=True)
class TaskFacts:
    """What the advice looks at.

    `pieces` is the mean number of sub-word tokens of a word, `cut` the share of texts that do not fit into the maximum
    length, and `is_trained` says whether the task's head comes from a checkpoint.
    """

    kind: TaskKind
    examples: int
    labels: int
    pieces: float
    cut: float = 0.0
    is_trained: bool = False


def advise(tasks: Mapping[str, TaskFacts]) -> Advice:
    """The preset and backbone that these tasks ask for; the task with the strongest need decides."""
    preset, reasons = _freezing(tasks)
    return Advice(preset, reasons, _backbone(tasks))


def _backbone(tasks: Mapping[str, TaskFacts]) -> str:
    foreign = [n for n, t in tasks.items() if t.pieces > _FOREIGN]
    cut = [n for n, t in tasks.items() if t.cut > _MUCH_CUT]
    if foreign:
        return (
            f"one whose vocabulary knows the words of {', '.join(foreign)}: of that domain, or multilingual such as "
            "sentence-transformers/paraphrase-multilingual-MiniLM-L12-v2"
        )
    if cut:
        return f"one that reads longer texts, for {', '.join(cut)}: such as Alibaba-NLP/gte-modernbert-base"
    return "the one given: it knows the words and reads the texts whole"


def _freezing(tasks: Mapping[str, TaskFacts]) -> tuple[Preset, tuple[str, ...]]:
    examples = sum(task.examples for task in tasks.values())
    scarce = [n for n, t in tasks.items() if t.labels and t.examples < _PER_LABEL * t.labels]
    foreign = [n for n, t in tasks.items() if t.pieces > _FOREIGN]
    tagging = [n for n, t in tasks.items() if t.kind is TaskKind.TAGGING]
    similarity = [n for n, t in tasks.items() if t.kind is TaskKind.SIMILARITY]
    trained = [n for n, t in tasks.items() if t.is_trained]
    reasons = [f"{examples:,} training examples over {len(tasks)} tasks"]
    if foreign:
        reasons.append(
            f"the words of {', '.join(foreign)} are far from the backbone's vocabulary (many sub-words a word)"
        )
    if scarce:
        reasons.append(f"{', '.join(scarce)} has fewer than {_PER_LABEL} examples a label")
    if trained and len(trained) < len(tasks) and not similarity and examples < _LARGE:
        reasons.append(
            f"the trained head of {', '.join(trained)} fits the encoder as it is, and the others can learn on it"
        )
        return Preset.HEADS_ONLY, tuple(reasons)
    if examples < _TINY:
        return Preset.HEADS_ONLY, (*reasons, "so few examples would only distort the encoder")
    if similarity:
        reasons.append(f"{', '.join(similarity)} trains the embedding itself, so some layers must train")
        if examples < _LARGE:
            return Preset.LAST_LAYERS, tuple(reasons)
    elif len(scarce) == len(tasks):
        preset, why = _where_scarce(only_tags=len(tagging) == len(tasks))
        return preset, (*reasons, why)
    elif tagging:
        needs = f"{', '.join(tagging)} needs features of words, which the layers below the top learn"
        return Preset.FULL, (*reasons, needs, "those at the top keep the embedding")
    elif examples < _FEW:
        return Preset.LORA, (*reasons, "adapters in every layer learn more from so few examples than all its weights")
    return Preset.FULL, (*reasons, "that is enough to train every layer")


def _where_scarce(*, only_tags: bool) -> tuple[Preset, str]:
    if only_tags:
        return Preset.HEADS_ONLY, "heads that read a mix of layers (`head: {layers: mix}`) learn more from so few"
    return Preset.LAST_LAYERS, "so few examples a label teach the upper layers, and not all of them"
