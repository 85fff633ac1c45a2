"""Whether an answer is one that a head can learn."""

from collections.abc import Sequence

from mtl.data.examples import tagged
from mtl.errors import InputError
from mtl.labelling.spec import Answer, ProjectKind, ProjectSpec, listed
from mtl.labels import TypedSpan, stable_order
from mtl.text import split_words


def checked_answer(text: str, spec: ProjectSpec, answer: object) -> Answer:
    """An answer for a text as it is kept.

    Raises:
        InputError: it is not of the project's kind, or as in `checked_class`, `checked_set` and `checked_spans`.
    """
    if spec.kind is ProjectKind.CLASSES:
        return checked_class(spec.names, answer)
    if spec.kind is ProjectKind.LABELS:
        return checked_set(spec.names, answer)
    if isinstance(answer, str) or not isinstance(answer, Sequence):
        raise InputError(f"Spans were expected, was {_shown(answer)}.")
    return checked_spans(text, spec.names, answer)


def checked_class(labels: Sequence[str], answer: object) -> str:
    """A label.

    Raises:
        InputError: it is not one of these.
    """
    if not isinstance(answer, str) or answer not in labels:
        raise InputError(f"One of {listed(labels)} was expected, was {_shown(answer)}.")
    return answer


def checked_set(labels: Sequence[str], answer: object) -> tuple[str, ...]:
    """A set of labels in stable order.

    Raises:
        InputError: it is no list, tuple or set of these labels.
    """
    is_set = isinstance(answer, list | tuple | set | frozenset)
    if not is_set or any(not isinstance(label, str) or label not in labels for label in answer):  # type: ignore[attr-defined]
        raise InputError(f"Labels of {listed(labels)} were expected, was {_shown(answer)}.")
    return stable_order(answer)  # type: ignore[arg-type]


def checked_spans(text: str, types: Sequence[str], spans: Sequence[object]) -> tuple[TypedSpan, ...]:
    """Spans that are disjoint, in order, and whole words where they share none.

    Raises:
        InputError: a type is none of these, or spans overlap, are empty or outside of the text.
    """
    typed = [span for span in spans if isinstance(span, TypedSpan)]
    if len(typed) != len(spans):
        raise InputError(f"Spans were expected, was {_shown(next(s for s in spans if not isinstance(s, TypedSpan)))}.")
    typed.sort(key=lambda span: span.start)
    for span in typed:
        if span.label not in types:
            raise InputError(f"One of {listed(types)} was expected, was {_shown(span.label)}.")
        if not 0 <= span.start <= span.end <= len(text):
            where = f"{span.start}–{span.end}"
            raise InputError(f"A span inside of the {len(text):,} characters was expected, was {where}.")
        if not split_words(text[span.start : span.end]):
            raise InputError(f"A span with a word was expected, {span.start}–{span.end} has none.")
    for first, second in zip(typed, typed[1:], strict=False):
        if second.start < first.end:
            where = f"{first.start}–{first.end} and {second.start}–{second.end}"
            raise InputError(f"Disjoint spans were expected, {where} overlap.")
    return tagged(text, typed).units().char_spans()


def _shown(answer: object) -> str:
    return repr(answer[:40] if isinstance(answer, str) else str(answer)[:40])
