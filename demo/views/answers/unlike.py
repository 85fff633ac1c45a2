"""Texts that are unlike the training texts of a task: a quiet mark beside the answer, and what it means."""

from collections.abc import Collection, Sequence
from html import escape

from demo.views import message
from mtl.inference.analysis import Analysis

_MARK = "unlike the training texts"
_MEANING = "farther from them than 95 % of texts of their kind. The answer may be wrong, however high its probability."


def is_unlike(analysis: Analysis, task: str) -> bool:
    """Whether a text is unlike the training texts of a task, as far as the model knows them."""
    return analysis.outside.get(task, False)


def mark(analysis: Analysis, task: str) -> str:
    """The mark of a text, or an empty text."""
    if not is_unlike(analysis, task):
        return ""
    distance = analysis.outside_scores[task].distance
    meaning = escape(f"Cosine distance {distance:.2f} from the nearest training texts of {task}: {_MEANING}")
    return f'<small class="ph-unlike" title="{meaning}">{_MARK}</small>'


def marks_note(analyses: Sequence[Analysis], tasks: Collection[str]) -> str:
    """A note on what the marks of texts mean, with how many there are; an empty text where there is none."""
    counts = {task: sum(is_unlike(one, task) for one in analyses) for task in tasks}
    found = {task: count for task, count in counts.items() if count}
    if not found:
        return ""
    if len(analyses) == 1:
        return message.note(f"U{_MARK[1:]} of {', '.join(found)}: {_MEANING}")
    told = ", ".join(f"{task} {count:,} of {len(analyses):,}" for task, count in found.items())
    return message.note(f"Texts {_MARK}: {told}. They are {_MEANING}")


def spoken_marks(analysis: Analysis) -> list[str]:
    """What a screen reader says of the marks."""
    found = [task for task in (*analysis.classes, *analysis.entities) if is_unlike(analysis, task)]
    return [f"{_MARK} of {', '.join(found)}"] if found else []
