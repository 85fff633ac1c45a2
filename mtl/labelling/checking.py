"""Whether an answer is one that the head of a project can learn."""

from collections.abc import Sequence

from mtl.data.answers import checked_class, checked_set, checked_spans, shown
from mtl.errors import InputError
from mtl.labelling.spec import Answer, ProjectKind, ProjectSpec


def checked_answer(text: str, spec: ProjectSpec, answer: object) -> Answer:
    """An answer for a text as it is kept.

    Raises:
        InputError: it is not of the project's kind, or as in `checked_class`, `checked_set` and `checked_spans`.
    """
    if spec.kind.has_one_label:
        return checked_class(spec.names, answer)
    if spec.kind is ProjectKind.LABELS:
        return checked_set(spec.names, answer)
    if isinstance(answer, str) or not isinstance(answer, Sequence):
        raise InputError(f"Spans were expected, was {shown(answer)}.")
    return checked_spans(text, spec.names, answer)
