"""Labelling projects of the page's visitors: on disk, open in memory, and handed over. No gradio."""

from demo.labelling.open_projects import Opening, OpenProjects
from demo.labelling.projects import Projects

__all__ = ["OpenProjects", "Opening", "Projects"]
