"""What a labelling project asks of its texts."""

from dataclasses import dataclass
from enum import StrEnum

from mtl.errors import InputError
from mtl.fitting import LabelHint
from mtl.labelling.names import is_readable
from mtl.labelling.pairs import DIFFERENT, SAME
from mtl.labels import TypedSpan
from mtl.recipe.choices import need_task_name

Answer = str | tuple[str, ...] | tuple[TypedSpan, ...]
"""What a person says of a text: a label, a set of labels in stable order, or spans in the order of the text; of a pair
a label too.

Which of them it is follows from the `ProjectKind`; an empty tuple is an answer too: no label fits, no entity is there.
"""

MOST_LABELS = 500
LONGEST_LABEL = 100
"""Characters."""


class ProjectKind(StrEnum):
    """What is said of a text, or of two."""

    CLASSES = "classes"
    """One label."""
    LABELS = "labels"
    """Any number of labels, or none."""
    SPANS = "spans"
    """Entities: disjoint spans, each of a type."""
    PAIRS = "pairs"
    """Of two texts, whether they mean the same."""

    @property
    def has_one_label(self) -> bool:
        """Whether an answer is one label."""
        return self in (ProjectKind.CLASSES, ProjectKind.PAIRS)


PAIR_LABELS = (LabelHint(SAME, "both texts mean the same"), LabelHint(DIFFERENT, "they do not mean the same"))
"""The labels of a project for pairs."""


@dataclass(frozen=True, slots=True)
class ProjectSpec:
    """The task of a project: its name, its kind, and its labels or entity types in the order of the page.

    The labels of pairs are always `same` and `different`, also where none are given.

    Raises:
        InputError: the name is not one of a task, or the labels are not up to 500 different ones of 1 to 100
            characters, or others than those of pairs.
    """

    task: str
    kind: ProjectKind
    labels: tuple[LabelHint, ...]

    def __post_init__(self) -> None:
        try:
            need_task_name(self.task)
        except ValueError as error:
            raise InputError(f"{error}, was {self.task[:40]!r}.") from error
        if len(self.labels) > MOST_LABELS:
            raise InputError(f"At most {MOST_LABELS} labels were expected, were {len(self.labels):,}.")
        for name in self.names:
            check_label(name)
        if self.kind is ProjectKind.PAIRS:
            if self.names not in ((), (SAME, DIFFERENT)):
                raise InputError(f"Pairs are {SAME} or {DIFFERENT}, other labels were given: {self.names[-1][:40]!r}.")
            object.__setattr__(self, "labels", PAIR_LABELS)
        twice = [name for name in dict.fromkeys(self.names) if self.names.count(name) > 1]
        if twice:
            raise InputError(f"Each label once was expected, {twice[0]!r} comes twice.")

    @property
    def names(self) -> tuple[str, ...]:
        """The labels without their descriptions."""
        return tuple(hint.name for hint in self.labels)


def check_label(name: str) -> None:
    """Refuse what cannot be the name of a label.

    Raises:
        InputError: it is blank, has blanks at its edges, more than one line, or more than 100 characters.
    """
    if name != name.strip() or len(name) > LONGEST_LABEL or not is_readable(name):
        raise InputError(
            f"1 to {LONGEST_LABEL} characters on one line were expected as a label, without blanks at its edges, "
            f"was {name[:40]!r}."
        )
