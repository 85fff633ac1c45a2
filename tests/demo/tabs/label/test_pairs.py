import json
from dataclasses import replace

import pytest

from demo.tabs.label import cards, figures, handover, maps, naming, opening, queue, start
from mtl.errors import InputError
from mtl.labelling import Order, ProjectKind, ProjectSpec
from tests.demo.tabs.label.test_cards import desk, sent

__all__ = ["desk"]
TEXTS = tuple(f"{size} {thing} by the {place}" for size in ("A big", "A large") for thing in ("cup", "train", "hotel")
              for place in ("sea", "river"))  # fmt: skip


@pytest.fixture
def work(desk):  # noqa: F811
    project = desk.projects.create(TEXTS, ProjectSpec("meaning", ProjectKind.PAIRS, ()), owner="")
    return desk.work("", "starter", project.id, "ann", "mix")


def first(work):
    return json.loads(cards.fresh_card(work))["card"]


def test_an_answer_gives_the_next_pair_and_an_undo_the_last_one(work):
    card = first(work)
    assert card["other"] in TEXTS and card["content"] in TEXTS and card["cosine"].startswith("cosine")
    found = json.loads(cards.answered(cards.Replies(), work, sent(work, 5, "answer", text=card["text"], answer="same")))
    assert found["said"] == "Saved: same." and found["card"]["text"] != card["text"]
    found = json.loads(cards.answered(cards.Replies(), work, sent(work, 6, "undo")))
    assert found["card"]["text"] == card["text"] and work.session.answers() == {}


@pytest.mark.parametrize(
    "more",
    [
        {"kind": "answer", "text": 3, "answer": "maybe"},
        {"kind": "answer", "text": 10**30, "answer": "same"},
        {"kind": "answer", "text": "3", "answer": "same"},
        {"kind": "answer", "text": 3, "answer": ["same"]},
        {"kind": "skip", "text": 66},
    ],
)
def test_what_cannot_be_done_is_a_sentence_and_changes_nothing(work, more):
    found = json.loads(
        cards.answered(cards.Replies(), work, cards.sent_of({"project": work.project, "number": 1} | more))
    )
    assert found["problem"] and work.session.answers("ann") == {}


def test_a_project_of_pairs_opens_without_what_only_labels_need(work):
    *_, opened = opening.steps(replace(work, wanted="dense"), "conll")
    card = json.loads(opened[4])
    assert card["kind"] == "pairs" and len(opened) == 2 + opening.OUTPUTS
    order, colours, change, save = opened[-8:-4]
    assert [value for _, value in order.choices] == ["mix", "unsure", "near", "random"] and order.value == "mix"
    assert not any(part.visible for part in (colours, change, save))
    assert opened[-9].value == "jsonl"
    with pytest.raises(InputError, match="cannot be changed"):
        naming._add(work, "maybe", None)


def test_a_lasso_becomes_a_group_and_the_map_shows_it(work):
    *_, drawn, _, hint, button, _ = maps._draw(work, "PCA", "answers")
    assert "mean the same" in hint and button.value == "Make a group of the selection"
    assert "1 text selected" in maps._preview(work, [1], "same")[0]
    shown, button, mark = maps._preview(work, [0, 2, 4], "same")
    assert "2 pairs would be answered same" in shown and button.value == "Answer 2 pairs same"
    _, done, *_ = maps._apply(work, [0, 2, 4], "same", mark)
    assert "2 pairs are answered same. Undo on the card takes them back." in done
    assert work.session.groups() == ((0, 2, 4),)
    assert "group 1" in maps._colours(work, drawn, "answers")
    cards.answered(cards.Replies(), work, sent(work, 1, "undo"))
    assert work.session.answers() == {}


def test_a_page_of_the_table_is_answered_with_one_key(work):
    rows = work.session.table("ann").rows[:3]
    ticked = [[row.number, "different"] for row in rows]
    said = queue._accepted(work, queue.ALL, {"project": work.project, "ticked": ticked, "page": 0})
    assert "3 pairs are answered. Undo on the card takes them back." in said
    assert work.session.answers("ann") == {row.number: "different" for row in rows}
    assert "No pair is ticked" in queue._accepted(work, queue.ALL, {"project": work.project, "ticked": [], "page": 0})
    with pytest.raises(InputError, match="A pair from 0 to 65"):
        queue._accepted(work, queue.ALL, {"project": work.project, "ticked": [[999, "same"]], "page": 0})


def test_the_figures_have_the_threshold_and_contradictions(work):
    for number, said in ((0, "same"), (1, "same"), (2, "different")):
        work.session.answer("ann", number, said)
    summary, _, details = figures._figures(work)
    assert "same from a cosine of" in summary
    assert "answered different" in details


def test_pairs_are_added_to_train_with_their_numbers(work):
    for number in range(10):
        work.session.answer("ann", number, "different" if number % 3 else "same")
    ticked, said = handover._add(work, [])
    assert ticked.value == ["meaning"]
    assert "meaning is ticked on the Train tab: 4 same and 6 different pairs (hard negatives)" in said


def test_the_form_makes_a_project_of_pairs_without_labels(desk):  # noqa: F811
    example = next(one for one in start.example_projects() if one.kind is ProjectKind.PAIRS)
    made = start.new_project(desk.work("", "starter", "", "ann", "mix"), *start.example_values(example))
    opened = desk.work("", "starter", made, "ann", "near").session
    assert opened.project.spec.kind is ProjectKind.PAIRS
    assert opened.next_card("ann", order=Order.NEAR).why.reason == "near"
