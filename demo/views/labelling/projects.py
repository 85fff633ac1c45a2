"""The list of a visitor's labelling projects, with a button to open and one to delete each."""

import time
from collections.abc import Sequence
from html import escape

from demo.views import message
from demo.views.tables import Cell, Column, Html, attribute, table
from mtl.labelling import ProjectKind, ProjectSummary

KINDS = {
    ProjectKind.CLASSES: "one label per text",
    ProjectKind.LABELS: "several labels per text",
    ProjectKind.SPANS: "entities",
    ProjectKind.PAIRS: "same meaning or different",
}
PRESSES = """
// The first list of a page opens the project that the address had when the page was loaded, as after a reload; by then
// the whole tab is there. A card that comes ends that (card.js), and so does who opens or deletes a project.
window.phFirstProject ??= new URL(location.href).searchParams.get('project') ?? '';
let asked = 0, quiet = 0;
function resume() { if (!asked && props.value) ask(); }
// Gradio may mount the list twice before it listens, and what shows the project may be lost while the page is being
// built, so it is asked for again while the list is seen; but not while an answer is on its way or being drawn, which
// would open the project a second time, over what was done in it since. The server leaves out what is still being done.
function ask() {
  const refused = document.querySelector('#ph-label-problem [role=alert]');
  const project = window.phFirstProject;
  if (!project || asked === 60 || !element.isConnected || (asked && (!element.offsetParent || refused))) return;
  quiet = window.phUnanswered?.() ? 0 : quiet + 1;
  if (!asked || quiet > 1) {
    asked += 1;
    quiet = 0;
    trigger('open', {project, once: true});
  }
  setTimeout(ask, 2000);
}
watch('value', resume);
resume();
// A key that is held down and the second half of a double click are no answer to a question.
element.addEventListener('keydown', (event) => { if (event.repeat) event.preventDefault(); });
element.addEventListener('click', (event) => {
  const open = event.target.closest('button[data-open]'), remove = event.target.closest('button[data-delete]');
  if (open || remove) window.phFirstProject = '';
  if (event.detail > 1) return;
  if (open) trigger('open', {project: open.dataset.open});
  // The first press asks, the second deletes: answers cannot be brought back.
  else if (remove && remove.dataset.sure) trigger('delete', {project: remove.dataset.delete});
  else if (remove) {
    remove.dataset.sure = 'yes';
    remove.textContent = 'Delete with all answers?';
    setTimeout(() => { delete remove.dataset.sure; remove.textContent = 'Delete'; }, 4000);
  }
});
"""
"""The script of the component that shows the list."""
_EMPTY = "There are no projects yet."


def project_list(projects: Sequence[ProjectSummary]) -> str:
    """A row for each project."""
    if not projects:
        return message.note(_EMPTY)
    columns = [Column("project"), Column("kind"), Column("texts", number=True), Column("answers", number=True)]
    columns += [Column("people"), Column("last change"), Column("")]
    return table(columns, [_row(project) for project in projects], caption="Projects")


def _row(project: ProjectSummary) -> list[Cell | Html]:
    name = escape(project.name)
    of = f' aria-label="Delete {attribute(project.name)}"'
    return [
        Html(f'<button type="button" class="ph-run-name" data-open="{attribute(project.id)}">{name}</button>'),
        KINDS[project.spec.kind],
        f"{project.texts:,}",
        f"{project.answers:,}",
        ", ".join(project.annotators),
        time.strftime("%d %b %H:%M", time.localtime(project.changed)),
        Html(f'<button type="button" class="ph-fix" data-delete="{attribute(project.id)}"{of}>Delete</button>'),
    ]
