"""Answers as training examples."""

from collections.abc import Mapping

from mtl.data import Example, LabelledText, MultiLabelText
from mtl.data.examples import tagged
from mtl.labelling.project import Project
from mtl.labelling.spec import Answer, ProjectKind
from mtl.labels import TypedSpan


def examples_of(project: Project, answers: Mapping[int, Answer]) -> tuple[Example, ...]:
    """An example for each row that has a labelled text, in the order of the rows."""
    kind = project.spec.kind
    found = [
        (row, _example(project.texts[text], answer, kind))
        for text, answer in answers.items()
        for row in project.rows[text]
    ]
    return tuple(example for _, example in sorted(found, key=lambda pair: pair[0]))


def _example(text: str, answer: Answer, kind: ProjectKind) -> Example:
    if isinstance(answer, str):
        return LabelledText(text, answer)
    if kind is ProjectKind.LABELS:
        return MultiLabelText(text, tuple(one for one in answer if isinstance(one, str)))
    return tagged(text, [one for one in answer if isinstance(one, TypedSpan)])
