import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from mtl.data import ScoredPair
from mtl.errors import InputError
from mtl.inference import Engine
from mtl.labelling import LabelHint, LabellingSession, Order, Reason, create_project, list_projects, open_project
from mtl.labelling.pairs import pair_number, pair_of
from mtl.labelling.queues import _drawn
from tests.mtl.labelling.specs import spec
from tests.mtl.processes import exit_code, kill_at, sleep_at, start
from tests.tiny import EXACT, save_backbone

PAIRS = spec("pairs", task="meaning")
SUBJECTS = ("film", "river", "bank", "hotel", "moon", "train")
TEXTS = [f"{size} {colour} {subject}" for subject in SUBJECTS for size in ("old", "new") for colour in ("a", "one")]
ODD = ["👩‍👩‍👧 film", "שלום עולם", "x" * 3_000, "...", "two\nlines"]


@pytest.fixture
def session(new_session):
    return new_session(TEXTS, PAIRS)


def meant(card):
    return "same" if card.text.split()[-1] == card.other.split()[-1] else "different"


def answer_all(session, name="ann", *, order=Order.MIX, most=999):
    shown = []
    while len(shown) < most and (card := session.next_card(name, order=order)) is not None:
        shown.append(card)
        session.answer(name, card.number, meant(card))
    return shown


@pytest.mark.parametrize("order", [Order.MIX, Order.UNSURE, Order.NEAR, Order.RANDOM, Order.DENSE])
def test_every_pair_comes_once_in_any_order_and_is_two_different_texts(session, order):
    shown = answer_all(session, order=order)
    pairs = [pair_of(card.number) for card in shown]
    assert len(set(pairs)) == len(pairs) == shown[0].counts.total >= 10 * len(TEXTS) / 2
    for card, (first, second) in zip(shown, pairs, strict=True):
        assert (card.text, card.other) == (session.project.texts[first], session.project.texts[second])
        assert first < second and card.text != card.other
    assert [card.counts.labelled for card in shown] == list(range(len(shown)))
    assert session.next_card("ann", order=order) is None


def test_the_mix_has_unsure_near_and_random_pairs_and_says_so(session):
    shown = answer_all(session, most=20)
    reasons = [card.why.reason for card in shown]
    assert [reasons.count(one) for one in (Reason.UNSURE, Reason.NEAR, Reason.MEASURED)] == [8, 8, 4]
    assert all("drawn by chance from the mined pairs" in card.why.sentence for card in shown[4::5])
    near = [card.cosine.cosine for card in shown if card.why.reason is Reason.NEAR]
    unsure = [card for card in shown if card.why.reason is Reason.UNSURE]
    assert f"{near[0]:.2f}" in shown[1].why.sentence and "hard negative" in shown[1].why.sentence
    assert f"{unsure[0].cosine.at:.2f}" in unsure[0].why.sentence
    assert np.mean([abs(card.guess.probabilities["same"] - 0.5) for card in unsure]) < 0.2
    assert max(near) == max(card.cosine.cosine for card in shown)


def test_the_guess_is_the_cosine_beside_a_threshold_that_answers_move(session):
    first = session.next_card("ann")
    vectors = session.vectors()[list(pair_of(first.number))]
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    assert first.cosine.cosine == pytest.approx(float(unit[0] @ unit[1]), abs=1e-5)
    assert (first.guess.answer == "same") == (first.cosine.cosine >= first.cosine.at)
    for number in session.table("ann", size=30).guesses():
        session.answer("ann", number, "different")
    assert session.card("ann", first.number).cosine.at > first.cosine.at


def test_undo_and_skip_take_pairs_back(session):
    card = session.next_card("ann")
    session.answer("ann", card.number, "same")
    other = session.next_card("ann")
    session.skip("ann", other.number)
    assert session.card("ann", other.number).is_skipped
    assert session.undo("ann").number == other.number
    back = session.undo("ann")
    assert (back.number, back.answer, session.answers()) == (card.number, None, {})
    assert session.undo("ann") is None


def test_a_session_goes_on_on_another_day_and_the_file_has_pairs_of_texts(session, engine):
    answer_all(session, most=7)
    session.skip("ann", session.next_card("ann").number)
    again = LabellingSession.open(open_project(session.project.folder), engine)
    assert again.answers("ann") == session.answers("ann") and len(again.answers()) == 7
    assert again.next_card("ann") == session.next_card("ann")
    (file,) = session.project.answers_folder.iterdir()
    lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    assert [tuple(line["texts"][0]) for line in lines[:7]] == [pair_of(number) for number in session.answers()]
    (summary,) = list_projects(session.project.folder.parent)
    assert (summary.answers, summary.spec) == (7, session.project.spec)


def test_lines_of_no_pair_are_passed_over(session):
    session.answer("ann", 0, "same")
    (file,) = session.project.answers_folder.iterdir()
    good = json.loads(file.read_text(encoding="utf-8"))
    wrong = ([[3, 3]], [[-1, 2]], [[1]], [7], [[1, 999]], ["12"], [[1, 2, 3]])
    file.write_text("".join(json.dumps(good | {"texts": texts}) + "\n" for texts in [*wrong, [[2, 1]]]))
    assert open_session(session).answers("ann") == {pair_number(1, 2): "same"}


def open_session(session):
    return LabellingSession(open_project(session.project.folder), None)


def answer_then_hang(folder, file):
    session = LabellingSession(open_project(folder), None)
    for number in range(5):
        session.answer("ann", number, "same")
    sleep_at(file)


def test_what_a_killed_process_has_answered_is_kept_and_half_a_line_is_mended(session, tmp_path):
    kill_at(tmp_path / "answered", start(answer_then_hang, session.project.folder, tmp_path / "answered"))
    (file,) = session.project.answers_folder.iterdir()
    file.write_bytes(file.read_bytes()[:-9])  # as where the disk was cut off in the last line
    session.answer("ann", 9, "different")
    assert session.answers("ann") == dict.fromkeys(range(4), "same") | {9: "different"}


def answer_some(folder, numbers):
    session = LabellingSession(open_project(folder), None)
    for number in numbers:
        session.answer("ann", number, "same")


def test_processes_of_one_person_do_not_overwrite_each_other(session):
    children = [start(answer_some, session.project.folder, part) for part in (range(0, 8), range(8, 16))]
    assert [exit_code(child) for child in children] == [0, 0]
    assert session.answers("ann") == dict.fromkeys(range(16), "same")


def test_two_people_share_pairs_but_for_those_by_chance_and_their_kappa_is_of_pairs(session):
    shown = {"ann": [], "bo": []}
    for turn in range(30):
        for name, own in shown.items():
            card = session.next_card(name)
            own.append(card.number)
            said = meant(card)
            if name == "bo" and turn == 4:
                said = "same" if said == "different" else "different"
            session.answer(name, card.number, said)
    both = set(shown["ann"]) & set(shown["bo"])
    assert len(both) >= 6
    (pair,) = session.agreement().pairs
    sides = [[session.answers(name)[number] for number in sorted(both)] for name in shown]
    assert pair.texts == len(both) and len(pair.disagreements) == 1
    assert pair.kappa == pytest.approx(cohen_kappa_score(*sides))


def test_the_score_is_measured_on_pairs_by_chance_with_an_interval(session):
    answer_all(session, most=60)
    found = session.progress("ann")
    assert found.metric == "accuracy" and found.measured >= 12 and found.answered == 60
    assert found.score.low <= found.score.value <= found.score.high
    assert found.threshold == session.next_card("ann").cosine.at
    assert [name for name, _ in found.by_label] == ["same", "different"]
    assert found.contradictions == ()
    assert LabellingSession(session.project, session._model).progress("ann").curve == found.curve


def test_before_answers_there_is_a_threshold_and_no_score(session):
    found = session.progress("ann")
    assert found.score is None and found.threshold == pytest.approx(session.next_card("ann").cosine.at)


def test_answers_that_deny_a_chain_are_listed_as_contradictions(session):
    for pair, said in (((0, 1), "same"), ((1, 2), "same"), ((0, 2), "different")):
        session.answer("ann", pair_number(*pair), said)
    found = session.progress("ann")
    (chain,) = found.chains
    assert (pair_of(chain.number), chain.texts) == ((0, 2), (0, 1, 2))
    session.answer("ann", pair_number(0, 2), "same")
    assert session.progress("ann").chains == ()
    assert session.groups() == ((0, 1, 2),)


def test_a_lasso_becomes_a_group_after_a_preview_of_what_it_changes_and_one_undo_takes_it_back(session):
    session.answer("ann", pair_number(0, 1), "different")
    found = session.preview("ann", [0, 1, 2, 3, 3], "same")
    assert pair_number(0, 1) in found.changed and len(found.added) + len(found.changed) in (3, 4)
    assert session.accept("ann", found.answers) == len(found.answers)
    assert session.groups() == ((0, 1, 2, 3),) and session.progress("ann").chains == ()
    assert session.preview("ann", [0, 1, 2, 3], "same").answers == {}
    session.undo("ann")
    assert session.answers() == {pair_number(0, 1): "different"}
    for texts, label in (([0, 1], "different"), ([0], "same"), ([0, 999], "same")):
        with pytest.raises(InputError, match="expected|same"):
            session.preview("ann", texts, label)


def test_the_table_is_sorted_by_cosine_and_a_page_is_answered_at_once(session):
    rows = session.table("ann", size=500).rows
    cosines = [row.cosine.cosine for row in rows]
    assert cosines == sorted(cosines, reverse=True) and rows[0].other
    for label in ("same", "different"):
        page = session.table("ann", label=label, size=500)
        assert {row.guess.answer for row in page.rows} <= {label}
    page = session.table("ann", size=20)
    session.accept("ann", dict.fromkeys(page.guesses(), "same"))
    assert session.table("ann", size=500).total == len(rows) - 20


def test_examples_are_scored_pairs_each_once(new_session):
    session = new_session(["old film", "a river", " old film", "one moon"], PAIRS)
    session.answer("ann", pair_number(1, 0), "different")
    session.answer("ann", pair_number(2, 0), "same")
    assert session.examples() == (ScoredPair("old film", "a river", 0.0), ScoredPair("old film", "one moon", 1.0))


def test_a_hard_negative_has_the_text_first_that_has_a_partner(new_session):
    session = new_session(["film", "river", "moon", "bank"], PAIRS)
    session.answer("ann", pair_number(0, 2), "same")
    session.answer("ann", pair_number(1, 2), "different")
    session.answer("ann", pair_number(1, 3), "different")
    found = [(e.sentence1, e.sentence2, e.score) for e in session.examples()]
    assert found == [("moon", "film", 1.0), ("moon", "river", 0.0), ("river", "bank", 0.0)]


@pytest.mark.parametrize("number", [-1, len(TEXTS) * (len(TEXTS) - 1) // 2, True, "0", None, 1.0, (0, 1)])
def test_numbers_of_no_pair_are_refused(session, number):
    for ask in (
        lambda: session.card("ann", number),
        lambda: session.answer("ann", number, "same"),
        lambda: session.skip("ann", number),
        lambda: session.accept("ann", {number: "same"}),
        lambda: session.guesses([number]),
    ):
        with pytest.raises(InputError, match="A pair from 0 to 275 was expected"):
            ask()


@pytest.mark.parametrize("answer", ["maybe", "", None, ("same",), 1])
def test_answers_are_same_or_different(session, answer):
    with pytest.raises(InputError, match="One of same, different was expected"):
        session.answer("ann", 0, answer)


def test_the_labels_of_pairs_cannot_be_changed_and_no_head_is_saved(session):
    project = session.project
    for change in (
        lambda: project.add_label(LabelHint("maybe")),
        lambda: project.rename_label("same", "equal"),
        lambda: project.remove_label("same"),
        lambda: project.describe_label(LabelHint("same", "alike")),
    ):
        with pytest.raises(InputError, match="cannot be changed"):
            change()
    with pytest.raises(InputError, match="same or different, other labels"):
        spec("pairs", "same", "maybe")
    assert spec("pairs").names == spec("pairs", "same", "different").names == ("same", "different")
    with pytest.raises(InputError, match="add them to Train"):
        session.engine()
    assert session.head() is None


@pytest.mark.parametrize("texts", [["one"], ["one", " one "], ["One film", "one  film"]])
def test_texts_without_a_pair_are_refused(tmp_path, texts):
    with pytest.raises(InputError, match="At least two different texts"):
        create_project(tmp_path, texts, PAIRS)
    assert not list(tmp_path.iterdir())


def test_any_texts_make_pairs(new_session):
    session = new_session(ODD, PAIRS)
    assert len(answer_odd(session)) == 10


def answer_odd(session):
    while (card := session.next_card("ann")) is not None:
        session.answer("ann", card.number, "same")
    return session.answers()


def test_pairs_are_mined_anew_with_another_embedding_and_old_answers_stay(session, tmp_path_factory):
    answer_all(session, most=10)
    before, answers = session.table("ann", size=999), session.answers()
    other = Engine.load(save_backbone("bert", tmp_path_factory.mktemp("other"), seed=7), **EXACT)
    session.use(other)
    after = session.table("ann", size=999)
    assert session.answers() == answers and not {row.number for row in after.rows} & set(answers)
    assert [row.number for row in after.rows] != [row.number for row in before.rows]
    assert [row.cosine.cosine for row in after.rows] != [row.cosine.cosine for row in before.rows]
    assert len(answer_all(session)) == after.total


def test_a_pair_keeps_its_place_by_chance_whatever_other_pairs_are_mined():
    numbers = np.arange(2_000)
    drawn = _drawn("p", numbers)
    assert (drawn[::3] == _drawn("p", numbers[::3])).all() and (drawn != _drawn("q", numbers)).any()
    assert len(np.unique(drawn)) == 2_000 and (drawn >= 0).all()
    ranks = np.argsort(np.argsort(drawn))
    assert abs(np.corrcoef(ranks, numbers)[0, 1]) < 0.1


def test_random_pairs_that_somebody_else_answered_are_asked_again_and_others_not(session):
    card = session.next_card("ann", order=Order.RANDOM)
    session.answer("ann", card.number, "same", reason=Reason.MEASURED)
    assert session.next_card("bo", order=Order.RANDOM).number != card.number
    for _ in range(4):
        session.skip("bo", session.next_card("bo", order=Order.UNSURE).number)
    assert session.next_card("bo").number == card.number


def test_counts_have_room_for_pairs_that_were_not_mined(new_session):
    session = new_session([*TEXTS, *(f"{word} cup" for word in SUBJECTS)], PAIRS)
    mined = {row.number for row in session.table("ann", size=9_999).rows}
    other = next(number for number in range(session.project.count) if number not in mined)
    before = session.next_card("ann").counts
    session.answer("ann", other, "same")
    assert session.next_card("ann").counts == replace(
        before, labelled=1, total=before.total + 1, last=session.last_id("ann")
    )
