import json
from dataclasses import replace

import gradio as gr
import pytest

from demo.answers.engines import Engines
from demo.labelling import OpenProjects, Projects
from demo.latest_only import LatestOnly
from demo.runs import RunManager
from demo.tabs.label import cards, maps, naming, opening, queue
from demo.tabs.label.desk import Desk
from demo.tabs.label.opening import Openings, nothing
from demo.tabs.shared import Shared
from mtl.errors import InputError
from mtl.labelling import LabelHint, ProjectKind, ProjectSpec, open_project
from tests.demo.fakes import settings

TEXTS = tuple(f"Text number {i} is about {'cups' if i % 2 else 'trains'}." for i in range(30))


@pytest.fixture
def desk(tmp_path, monkeypatch, starter):
    monkeypatch.setenv("MTL_HOME", str(tmp_path))
    chosen = settings()
    runs = RunManager(chosen)
    engines = Engines(settings=chosen, runs=runs, load=lambda _: starter)
    with gr.Blocks():
        boxes = [gr.Textbox() for _ in range(6)]
        shared = Shared(chosen, engines, runs, boxes[0], boxes[1], boxes[2], boxes[3])
        return Desk(shared, Projects(chosen), OpenProjects(2), boxes[4], boxes[5], boxes[5])


@pytest.fixture
def project(desk):
    labels = (LabelHint("sports"), LabelHint("travel", "trains"))
    return desk.projects.create(TEXTS, ProjectSpec("topic", ProjectKind.CLASSES, labels), owner="")


@pytest.fixture
def work(desk, project):
    return desk.work("", "starter", project.id, "ann", "mix")


def sent(work, number, kind, **more):
    return cards.sent_of({"project": work.project, "number": number, "kind": kind, **more})


def test_the_reply_to_an_answer_has_the_next_card_and_the_answer_is_on_disk(work, project):
    first = json.loads(cards.fresh_card(work))["card"]["text"]
    found = json.loads(cards.answered(cards.Replies(), work, sent(work, 5, "answer", text=first, answer="sports")))
    assert found["number"] == 5
    assert found["said"] == "Saved: sports."
    assert found["card"]["text"] != first
    again = OpenProjects(1).session(
        open_project(project.folder).folder, lambda: work.desk.shared.engines.get("starter", "")
    )
    assert again.answers("ann") == {first: "sports"}


def test_an_answer_whose_reply_is_too_late_is_kept_all_the_same(work):
    requests = cards.Replies()
    requests.begin(9)
    late = cards.answered(requests, work, sent(work, 5, "answer", text=3, answer="sports"))
    assert late == gr.skip()
    assert work.session.answers("ann") == {3: "sports"}


def test_the_same_undo_asked_twice_takes_back_one_answer(work):
    requests = cards.Replies()
    for number, text in enumerate((3, 4), start=1):
        cards.answered(requests, work, sent(work, number, "answer", text=text, answer="sports"))
    taken, again = (cards.answered(requests, work, sent(work, 3, "undo")) for _ in range(2))
    assert again == taken and json.loads(again)["card"]["text"] == 4
    assert work.session.answers("ann") == {3: "sports"}
    assert json.loads(cards.answered(requests, work, sent(work, 4, "undo")))["card"]["text"] == 3
    assert "nothing to undo" in json.loads(cards.answered(requests, work, sent(work, 5, "undo")))["said"]


def test_a_skipped_text_is_counted_and_does_not_come_again(work):
    first = json.loads(cards.fresh_card(work))["card"]["text"]
    found = json.loads(cards.answered(cards.Replies(), work, sent(work, 1, "skip", text=first)))
    assert found["card"]["text"] != first
    assert "1 skipped" in found["counts"]


@pytest.mark.parametrize(
    "more",
    [
        {"kind": "answer", "text": 3, "answer": "weather"},
        {"kind": "answer", "text": 99, "answer": "sports"},
        {"kind": "answer", "text": "3", "answer": "sports"},
        {"kind": "answer", "text": 3, "answer": None},
        {"kind": "skip", "text": -4},
        {"kind": "delete everything", "text": 3},
        {"kind": "answer", "project": "another", "text": 3, "answer": "sports"},
    ],
)
def test_what_cannot_be_done_is_a_sentence_on_the_card_and_changes_nothing(work, more):
    found = json.loads(
        cards.answered(cards.Replies(), work, cards.sent_of({"project": work.project, "number": 1} | more))
    )
    assert found["problem"]
    assert found.get("card", {}).get("text") in (None, more.get("text"))
    assert work.session.answers("ann") == {}


def test_a_page_of_the_table_is_accepted_and_undone_as_one(work):
    ticked = [[0, "travel"], [2, "travel"]]
    said = queue._accepted(work, queue.ALL, {"project": work.project, "ticked": ticked, "page": 0})
    assert "2 texts are labelled" in said
    assert work.session.answers("ann") == {0: "travel", 2: "travel"}
    cards.answered(cards.Replies(), work, sent(work, 1, "undo"))
    assert work.session.answers("ann") == {}
    assert "No text is ticked" in queue._accepted(work, queue.ALL, {"project": work.project, "ticked": [], "page": 0})


def test_a_lasso_is_previewed_then_applied(work):
    texts, points, colours, drawn, *_ = maps._draw(work, "PCA", "answers")
    assert json.loads(texts)["stamp"] == json.loads(points)["stamp"] == json.loads(colours)["stamp"] == drawn.stamp
    rows = maps._rows(drawn, {"stamp": drawn.stamp, "rows": [1, 3, "x", True, 99]}, work)
    assert rows == [1, 3]
    assert maps._rows(None, {"stamp": drawn.stamp, "rows": []}, work) == []
    for other in (None, drawn):  # the first as after a restart
        with pytest.raises(InputError, match="no longer knows this map"):
            maps._rows(other, {"stamp": drawn.stamp - 1, "rows": [1]}, work)
    shown, _, mark = maps._preview(work, rows, "sports")
    assert "2 would be labelled sports" in shown
    maps._apply(work, rows, "sports", mark)
    assert work.session.answers("ann") == {1: "sports", 3: "sports"}
    with pytest.raises(InputError, match="lasso"):
        maps._apply(work, [], "sports", "")


def test_a_lasso_does_what_was_previewed_and_nothing_else(work):
    _, _, mark = maps._preview(work, [1, 3], "sports")
    work.session.answer("ann", 3, "travel")  # as in another window
    rows, shown, button, new = maps._apply(work, [1, 3], "sports", mark)
    assert rows == [1, 3] and "1 would change" in shown and "Answers have changed since" in shown
    assert button.interactive and work.session.answers("ann") == {3: "travel"}
    maps._apply(work, rows, "sports", new)
    assert work.session.answers("ann") == {1: "sports", 3: "sports"}


def test_labels_are_added_renamed_and_removed_with_their_answers(work):
    cards.answered(cards.Replies(), work, sent(work, 1, "answer", text=3, answer="sports"))
    naming._add(work, "weather: rain", None)
    naming._rename(work, "sport: games", "sports")
    assert work.session.project.spec.labels[0] == LabelHint("sport", "games")
    assert work.session.answers("ann") == {3: "sport"}
    naming._remove(work, "", "weather")
    assert work.session.project.spec.names == ("sport", "travel")
    for change in (naming._add, naming._rename, naming._remove):
        with pytest.raises(InputError):
            change(work, "", None)


def test_a_project_opens_with_its_first_card(work):
    *_, opened = opening.steps(work, "jsonl")
    problem, _, project, title, card, *_ = opened
    assert (problem, project) == ("", work.project)
    assert "30 texts" in title
    assert json.loads(card)["card"]["content"] in TEXTS
    assert len(opened) == len(nothing()) == 2 + opening.OUTPUTS


def test_a_stranger_project_does_not_open(desk):
    first, *_ = opening.steps(desk.work("", "starter", "no-such-project", "ann", "mix"), "jsonl")
    assert "no such project" in first[0]


def test_what_another_window_has_answered_meanwhile_is_not_replaced_unseen(work):
    for kind, answer in (("answer", "travel"), ("skip", None)):
        requests, session = cards.Replies(), work.session
        text = json.loads(cards.fresh_card(work))["card"]["text"]
        session.answer("ann", text, "sports")
        found = json.loads(cards.answered(requests, work, sent(work, 1, kind, text=text, answer=answer)))
        assert "in another window, ann has answered sports" in found["problem"]
        assert session.answers("ann")[text] == found["card"]["answer"] == "sports"
        seen = sent(work, 2, kind, text=text, answer=answer, before=found["card"]["answer"])
        assert "said" in json.loads(cards.answered(requests, work, seen))
        assert session.answers("ann").get(text) == answer


def test_after_a_label_is_removed_elsewhere_the_card_of_the_same_text_has_the_labels_of_now(work):
    text = json.loads(cards.fresh_card(work))["card"]["text"]
    work.session.project.add_label(LabelHint("weather"))
    work.session.project.remove_label("sports")
    found = json.loads(cards.answered(cards.Replies(), work, sent(work, 1, "answer", text=text, answer="sports")))
    assert "One of travel, weather" in found["problem"]
    assert [label["name"] for label in found["labels"]] == ["travel", "weather"]
    assert (found["number"], found["card"]["text"]) == (1, text)


def test_a_guess_of_an_old_table_replaces_no_answer(work):
    work.session.answer("ann", 3, "sports")
    said = queue._accepted(
        work, queue.ALL, {"project": work.project, "ticked": [[3, "travel"], [4, "travel"]], "page": 0}
    )
    assert "1 text is labelled. Undo on the card takes it back. 1 text had another answer meanwhile" in said
    assert work.session.answers("ann") == {3: "sports", 4: "travel"}


def test_an_answer_is_of_whom_the_card_was_for_whatever_the_name_is_by_now(work):
    bob = replace(work, name="bob")
    found = json.loads(cards.answered(cards.Replies(), bob, sent(work, 1, "answer", text=3, answer="sports", by="ann")))
    assert (work.session.answers("ann"), work.session.answers("bob")) == ({3: "sports"}, {})
    assert found["by"] == "bob"
    assert cards.is_for(json.dumps(found), bob)
    assert not any(cards.is_for(shown, work) for shown in (json.dumps(found), "", None, "[]", "x"))


def test_what_was_shown_of_another_project_labels_nothing_here(work):
    _, _, _, drawn, *_ = maps._draw(work, "PCA", "answers")
    elsewhere = replace(work, project="other")
    with pytest.raises(InputError, match="no longer knows this map"):
        maps._rows(drawn, {"stamp": drawn.stamp, "rows": [1]}, elsewhere)
    assert maps.Selection(work.project, (1, 3)).of(work) == [1, 3]
    assert maps.Selection(work.project, (1, 3)).of(elsewhere) == []
    for sent_project in ("other", None):
        with pytest.raises(InputError, match="Another project"):
            queue._accepted(work, queue.ALL, {"project": sent_project, "ticked": [[0, "travel"]], "page": 0})
    assert work.session.answers("ann") == {}


def test_of_two_openings_the_later_one_is_shown_and_the_figures_of_before_are_dropped():
    openings, measured = Openings(), LatestOnly()
    before = measured.begin()
    first = openings.newest(1, measured, iter([("bar",), ("A",)]))
    assert next(first) == ("bar",)
    third = openings.newest(3, measured, iter([("bar",), ("C",)]))
    assert [next(third), next(third)] == [("bar",), ("C",)]
    overtaken = openings.newest(2, measured, iter([("bar",), ("B",)]))
    assert list(first) == list(overtaken) == list(third) == [nothing()]
    assert not measured.is_latest(before) and openings.pending == 0


def test_an_undo_that_was_done_before_the_server_was_lost_is_not_done_twice(work):
    session = work.session
    for text in range(3):
        session.answer("ann", text, "sports")
    first = session._answers.person("ann").actions[0].id
    shown = json.loads(cards.fresh_card(work))
    undo = sent(work, 9, "undo", last=shown["last"])
    cards.answered(cards.Replies(), work, undo)
    again = json.loads(cards.answered(cards.Replies(), work, undo))  # of a server that has just been started
    assert again["said"] == "Taken back." and list(session.answers("ann")) == [0, 1]
    session.answer("ann", 5, "travel")  # in another window
    other = json.loads(cards.answered(cards.Replies(), work, undo))
    assert other["said"] == "Taken back." and list(session.answers("ann")) == [0, 1, 5]
    late = json.loads(cards.answered(cards.Replies(), work, sent(work, 11, "undo", last=first)))
    assert late["said"].startswith("In another window") and list(session.answers("ann")) == [0, 1, 5]
    for last in (other["last"], None, None):
        cards.answered(cards.Replies(), work, sent(work, 10, "undo", last=last))
    assert not session.answers("ann")


def test_a_page_of_an_older_version_takes_back_what_it_knew_by_its_time(work):
    session = work.session
    session.answer("ann", 0, "sports")
    (path,) = session._answers.folder.glob("ann-*.jsonl")
    line = json.loads(path.read_text())
    old = [{"by": "bo", "do": "skip", "texts": [text], "at": at, "why": line["why"]} for text, at in ((1, 7), (2, 8.5))]
    (path.parent / "bo.jsonl").write_text("".join(json.dumps(one) + "\n" for one in old))
    for last, said in ((7, "In another window"), (8.5, "Taken back."), (0, "In another window"), (8.5, "Taken back.")):
        found = json.loads(cards.answered(cards.Replies(), work, sent(work, 3, "undo", by="bo", last=last)))
        assert found["said"].startswith(said)
    for odd in (10**400, float("nan"), "x" * 10_000):
        found = json.loads(cards.answered(cards.Replies(), work, sent(work, 3, "undo", by="bo", last=odd)))
        assert not found.get("problem")
    assert session._answers.person("bo").skipped() == [1]


def test_the_card_after_a_change_of_name_is_one_for_who_labels_now(work):
    session = work.session
    session.answer("ann", 7, "travel")
    shown = json.loads(cards.fresh_card(work))["card"]["text"]
    renamed = replace(work, name="bo")
    for kind, more in (("answer", {"text": shown, "answer": "sports"}), ("undo", {})):
        found = json.loads(cards.answered(cards.Replies(), renamed, sent(work, 3, kind, by="ann", **more)))
        assert found["by"] == "bo" and found["counts"].startswith("0 of 30 labelled")
    assert session.answers("ann") == {7: "travel"} and not session.answers("bo")


def test_what_somebody_else_has_answered_meanwhile_is_not_outvoted_by_a_page_of_the_table(work):
    session = work.session
    session.accept("bo", {0: "sports", 1: "travel"})
    ticked = {"project": work.project, "ticked": [[0, "travel"], [1, "travel"], [2, "travel"]], "page": 0}
    html = queue._accepted(work, None, ticked)
    assert "1 text had another answer meanwhile" in html
    assert session.answers() == {0: "sports", 1: "travel", 2: "travel"}


def test_an_undo_that_failed_is_done_when_it_is_asked_again(work, monkeypatch):
    session = work.session
    session.answer("ann", 0, "sports")
    undo = sent(work, 4, "undo", last=json.loads(cards.fresh_card(work))["last"])
    requests = cards.Replies()

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("mtl.labelling.log.append_line", full)
        assert "No space left" in json.loads(cards.answered(requests, work, undo))["problem"]
    assert session.answers("ann")
    assert json.loads(cards.answered(requests, work, undo))["said"] == "Taken back."
    assert not session.answers("ann")
