"""The stored corrections, and the result of training on them."""

from collections.abc import Mapping, Sequence
from html import escape

from demo.answers.passes import NO_LABEL
from demo.training.corrections import Correction
from demo.views import message
from demo.views.message import shorten
from demo.views.tables import attribute

_NOTHING = "No corrections yet."


def kept_list(kept: Mapping[str, Sequence[Correction]]) -> str:
    """The corrections of each task, each with a button to delete it."""
    rows = "".join(
        f"<li>{_forget(task, correction.text)}{escape(shorten(correction.text, 160))}<br>"
        f'<span class="ph-note">{escape(task)}: {escape(answer_text(correction))}</span></li>'
        for task, corrections in kept.items()
        for correction in corrections
    )
    return f'<ul class="ph-kept">{rows}</ul>' if rows else message.note(_NOTHING)


def outcome(task: str, right: int, total: int) -> str:
    """The number of corrected texts that the new model predicts correctly."""
    texts = "text is" if total == 1 else "texts are"
    return f"{task} is retrained: {right} of {total} corrected {texts} now correct. All other heads are unchanged."


def answer_text(correction: Correction) -> str:
    """What a text was corrected to, as a phrase."""
    if correction.labels is not None:
        return ", ".join(correction.labels) or NO_LABEL
    if correction.label is not None:
        return correction.label
    spans = (f"{correction.text[s.start : s.end]} {s.label}" for s in correction.spans)
    return ", ".join(spans) or "no entity"


def _forget(task: str, text: str) -> str:
    name = f"Delete the correction of {escape(shorten(text, 40))}"
    return (
        f'<button type="button" class="ph-fix" data-act="forget" data-task="{escape(task)}" '
        f'data-text="{attribute(text)}" aria-label="{name}">Delete</button>'
    )
