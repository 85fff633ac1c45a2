from dataclasses import replace

import pytest

from demo.labelling import Projects
from mtl.errors import InputError
from mtl.labelling import LabelHint
from tests.demo.fakes import settings
from tests.demo.labelling.conftest import TEXTS


def test_a_visitor_of_a_public_page_sees_and_opens_own_projects_only(spec):
    projects = Projects(settings(public=True))
    made = projects.create(TEXTS, spec, owner="ann")
    assert [one.id for one in projects.of("ann")] == [made.id]
    assert projects.of("bob") == projects.of("") == []
    assert projects.folder(made.id, "ann") == made.folder
    for stranger in ("bob", ""):
        with pytest.raises(InputError, match="no such project"):
            projects.folder(made.id, stranger)


def test_on_a_local_page_everybody_has_all_projects(spec):
    made = Projects(settings(public=True)).create(TEXTS, spec, owner="ann")
    local = Projects(settings())
    own = local.create(TEXTS, spec, owner="")
    assert {one.id for one in local.of("bob")} == {made.id, own.id}
    local.delete(made.id, "bob")
    assert [one.id for one in local.of("bob")] == [own.id]


@pytest.mark.parametrize("wrong", ["", "..", "../x", "/etc", None, 7, "a/b", ["x"], "none"])
def test_what_is_no_id_of_a_project_is_no_project(spec, wrong):
    projects = Projects(settings())
    projects.create(TEXTS, spec, owner="")
    with pytest.raises(InputError, match="no such project"):
        projects.folder(wrong, "")


@pytest.mark.parametrize(
    ("limit", "said"),
    [
        ({"max_label_texts": 3}, "At most 3 texts were expected, were 4"),
        ({"max_labels": 1}, "At most 1 labels"),
        ({"owner_label_projects": 1}, "You have 1 projects"),
        ({"owner_label_mb": 0.0}, "Your projects take"),
        ({"kept_label_mb": 0.0}, "The projects on this page take"),
    ],
)
def test_each_limit_is_one_sentence_and_leaves_nothing_behind(spec, limit, said):
    Projects(settings(public=True)).create(TEXTS[:2], spec, owner="ann")
    projects = Projects(replace(settings(public=True), **limit))
    with pytest.raises(InputError, match=said):
        projects.create(TEXTS, spec, owner="ann")
    assert len(projects.of("ann")) == 1


def test_without_a_cookie_no_project_is_made_on_a_public_page(spec):
    with pytest.raises(InputError, match="cookies"):
        Projects(settings(public=True)).create(TEXTS, spec, owner="")


def test_old_projects_of_a_public_page_make_room(spec, monkeypatch):
    projects = Projects(settings(public=True))
    projects.create(TEXTS, spec, owner="ann")
    monkeypatch.setattr("demo.labelling.projects.time.time", lambda: old_time + 8 * 86400)
    old_time = projects.of("ann")[0].changed
    new = projects.create(TEXTS, replace(spec, labels=(LabelHint("x"), LabelHint("y"))), owner="bob")
    assert projects.of("ann") == []
    assert [one.id for one in projects.of("bob")] == [new.id]
