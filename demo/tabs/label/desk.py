"""What every part of the Label tab uses: the projects, and the fields that say which project, who and in what order."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr

from demo.answers.passes import Model
from demo.labelling import OpenProjects, Projects
from demo.labelling.form import annotator_of
from demo.tabs.shared import Shared
from mtl.labelling import LabellingSession, Order

OTHER_PROJECT = "Another project is open. Open this one again."


@dataclass(frozen=True)
class Desk:
    """Services and fields; the open project is known to the browser only, so that it survives a restart."""

    shared: Shared
    projects: Projects
    opened: OpenProjects
    project: gr.Textbox
    """The id of the open project, empty without one."""
    annotator: gr.Textbox
    order: gr.Dropdown

    @property
    def inputs(self) -> list[Any]:
        """The components whose values make a `Work`."""
        return [self.shared.owner, self.shared.picker, self.project, self.annotator, self.order]

    def work(self, *values: Any) -> "Work":  # noqa: ANN401
        """What a handler works on, from the values of `inputs`."""
        return Work(self, *values)


@dataclass(frozen=True)
class Work:
    """One request: whose, with which model, in which project, by whom and in which order."""

    desk: Desk
    owner: str
    key: str | None
    project: str | None
    name: str | None
    wanted: str | None

    @property
    def annotator(self) -> str:
        """Who labels; InputError where the name is too long."""
        return annotator_of(self.name)

    @property
    def order(self) -> Order:
        """In what order; a field that is not there yet means the default."""
        return next((order for order in Order if order == self.wanted), Order.MIX)

    @property
    def folder(self) -> Path:
        """The folder of the project; InputError where it is not this owner's."""
        return self.desk.projects.folder(self.project, self.owner)

    @property
    def model(self) -> Model:
        """The model of the header; the first one on offer while the page still opens."""
        engines = self.desk.shared.engines
        return engines.get(self.key or engines.choices(self.owner)[0][1], self.owner)

    @property
    def session(self) -> LabellingSession:
        """The session of the project, opened first after a restart; MtlError where that is not possible."""
        return self.desk.opened.session(self.folder, lambda: self.model)
