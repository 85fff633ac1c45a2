from pathlib import Path

from demo.views.labelling.projects import project_list
from mtl.labelling import ProjectSummary
from tests.demo.views.labelling.shown import SPANS


def test_each_project_can_be_opened_and_deleted():
    one = ProjectSummary("id-1", "<names>", Path("x"), SPANS, 1_200, 34, ("ann", "bo"), 0.0, 0.0, 10)
    html = project_list([one])
    assert 'data-open="id-1"' in html
    assert 'data-delete="id-1"' in html
    assert "<names>" not in html
    assert "1,200" in html
    assert "ann, bo" in html


def test_no_projects_are_said_in_words():
    assert "no projects" in project_list([])
