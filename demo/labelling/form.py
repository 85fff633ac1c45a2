"""The form for a new project, read into its specification."""

import re

from mtl.errors import InputError
from mtl.labelling import LabelHint, ProjectKind, ProjectSpec

LONGEST_NAME = 40
"""Characters of the name of a person."""
SOMEBODY = "me"
"""Who labels without a name."""


def spec_of(task: str | None, kind: str | None, labels: str | None) -> ProjectSpec:
    """The specification of a project.

    Args:
        task: its name; blanks in it become underscores.
        kind: a value of `ProjectKind`.
        labels: one a line, each perhaps with a description after a colon and a blank; pairs need none.

    Raises:
        InputError: a field is empty or cannot be used.
    """
    name = re.sub(r"\s+", "_", (task or "").strip())
    if not name:
        raise InputError("Give the task a name, for example: topic.")
    found = next((one for one in ProjectKind if one == kind), None)
    if found is None:
        raise InputError(f"A kind of {', '.join(ProjectKind)} was expected.")
    if found is ProjectKind.PAIRS:
        return ProjectSpec(name, found, ())
    hints = hints_of(labels)
    least = 2 if found is ProjectKind.CLASSES else 1
    if len(hints) < least:
        what = "entity type" if found is ProjectKind.SPANS else "label"
        raise InputError(f"Name at least {least} {what}{'s' if least > 1 else ''}, one per line.")
    return ProjectSpec(name, found, hints)


def hints_of(lines: str | None) -> tuple[LabelHint, ...]:
    """Labels with their descriptions from lines `name: description`; blank lines do not count."""
    found = []
    for line in (lines or "").splitlines():
        name, _, said = line.partition(": ")
        if name.strip().rstrip(":").strip():
            found.append(LabelHint(name.strip().rstrip(":").strip(), said.strip()))
    return tuple(found)


def lines_of_hints(hints: tuple[LabelHint, ...]) -> str:
    """The lines that `hints_of` reads."""
    return "\n".join(f"{hint.name}: {hint.description}" if hint.description else hint.name for hint in hints)


def annotator_of(name: object) -> str:
    """Who labels, from a field that may be empty or not there yet.

    Raises:
        InputError: the name is too long.
    """
    given = " ".join(str(name or "").split())
    if len(given) > LONGEST_NAME:
        raise InputError(f"A name of at most {LONGEST_NAME} characters was expected, was one of {len(given)}.")
    return given or SOMEBODY
