"""What stands above the card: the open project."""

from html import escape

from demo.views.labelling.counting import count_of
from demo.views.labelling.projects import KINDS
from mtl.labelling import Project


def title_of(project: Project) -> str:
    """The name, kind and size of a project."""
    rows = sum(len(rows) for rows in project.rows)
    twice = f", {rows:,} rows" if rows > len(project.texts) else ""
    said = f"{KINDS[project.spec.kind]} · {count_of(len(project.texts))}{twice}"
    return f'<div class="ph-heading"><h2>{escape(project.name)}</h2><p>{escape(said)}</p></div>'
