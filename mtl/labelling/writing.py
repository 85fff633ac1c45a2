"""Answers as training examples."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from mtl.data import Example, LabelledText, MultiLabelText, ScoredPair
from mtl.data.examples import tagged
from mtl.labelling.pairs import SAME, pair_of
from mtl.labelling.project import Project
from mtl.labelling.spec import Answer, ProjectKind
from mtl.labels import TypedSpan


def examples_of(project: Project, answers: Mapping[int, Answer]) -> tuple[Example, ...]:
    """An example for each row that has a labelled text, in the order of the rows; of pairs one each, scored 1 or 0."""
    kind = project.spec.kind
    if project.of_pairs:
        return tuple(_scored_pairs(project.texts, answers))
    found = [
        (row, _example(project.texts[text], answer, kind))
        for text, answer in answers.items()
        for row in project.rows[text]
    ]
    return tuple(example for _, example in sorted(found, key=lambda pair: pair[0]))


def _scored_pairs(texts: Sequence[str], answers: Mapping[int, Answer]) -> Iterator[ScoredPair]:
    """The pairs, those of a hard negative with its text first where that is first in a pair that is the same.

    A loss that compares a first text with the second ones of its batch sees the hard negative beside the partner then.
    """
    same = {number for number, answer in answers.items() if answer == SAME}
    hard = Counter(text for number in answers if number not in same for text in pair_of(number))
    both = {number: sorted(pair_of(number), key=lambda text: -hard[text]) for number in same}
    anchors = {first for first, _ in both.values()}
    for number in sorted(answers):
        first, second = both.get(number) or sorted(pair_of(number), key=lambda text: text not in anchors)
        yield ScoredPair(texts[first], texts[second], float(number in same))


def _example(text: str, answer: Answer, kind: ProjectKind) -> Example:
    if isinstance(answer, str):
        return LabelledText(text, answer)
    if kind is ProjectKind.LABELS:
        return MultiLabelText(text, tuple(one for one in answer if isinstance(one, str)))
    return tagged(text, [one for one in answer if isinstance(one, TypedSpan)])
