"""Answers as training examples."""

from collections.abc import Mapping

from mtl.data import Example, LabelledText, MultiLabelText, ScoredPair
from mtl.data.examples import tagged
from mtl.labelling.pairs import SAME
from mtl.labelling.project import Project
from mtl.labelling.spec import Answer, ProjectKind
from mtl.labels import TypedSpan


def examples_of(project: Project, answers: Mapping[int, Answer]) -> tuple[Example, ...]:
    """An example for each row that has a labelled text, in the order of the rows; of pairs one each, scored 1 or 0."""
    kind = project.spec.kind
    if project.of_pairs:
        return tuple(_pair(project, number, answer) for number, answer in sorted(answers.items()))
    found = [
        (row, _example(project.texts[text], answer, kind))
        for text, answer in answers.items()
        for row in project.rows[text]
    ]
    return tuple(example for _, example in sorted(found, key=lambda pair: pair[0]))


def _pair(project: Project, number: int, answer: Answer) -> ScoredPair:
    first, second = project.texts_of(number)
    return ScoredPair(first, second, float(answer == SAME))


def _example(text: str, answer: Answer, kind: ProjectKind) -> Example:
    if isinstance(answer, str):
        return LabelledText(text, answer)
    if kind is ProjectKind.LABELS:
        return MultiLabelText(text, tuple(one for one in answer if isinstance(one, str)))
    return tagged(text, [one for one in answer if isinstance(one, TypedSpan)])
