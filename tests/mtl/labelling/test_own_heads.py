"""A project whose model has a head of its own for the labels: from an earlier training, or a hand-over."""

from dataclasses import replace

import numpy as np
import pytest

from mtl.inference import Engine
from mtl.labelling import LabelHint, LabellingSession, Order, create_project
from mtl.labelling.engines import note_hand_over
from tests.mtl.labelling.specs import EACH, GOLD, LABELS, SPANS, label_all, spec, texts_of
from tests.tiny import EXACT

pytestmark = pytest.mark.usefixtures("little_penalty")


@pytest.fixture
def careful(new_session):
    """An engine whose own head for sets of labels has a threshold for each, high for two of them and low for two."""
    session = new_session(texts_of(LABELS), LABELS)
    label_all(session)
    loaded = session.engine().loaded_model()
    loaded.model.tasks["topic"] = replace(loaded.model.tasks["topic"], thresholds=(0.9, 0.1, 0.02, 0.8))
    return Engine.of(loaded, name="careful")


def test_the_thresholds_of_an_own_head_choose_its_guesses_on_every_way_of_labelling(careful, tmp_path):
    project = create_project(tmp_path / "again", texts_of(LABELS), LABELS)
    session = LabellingSession.open(project, careful)
    expected = [tuple(sorted(one.labels["topic"])) for one in careful.analyze(project.texts)]
    guesses = session.guesses()
    assert [guess.answer for guess in guesses] == expected
    assert expected != [tuple(k for k, p in guess.probabilities.items() if p >= 0.5) for guess in guesses]
    for label in LABELS.names:
        rows = session.table("ann", label=label, size=99).rows
        assert {row.text for row in rows} == {t for t, own in zip(project.texts, expected, strict=True) if label in own}
    for guess in guesses:
        right = [p if name in guess.answer else 1 - p for name, p in guess.probabilities.items()]
        assert guess.confidence == pytest.approx(np.prod(right), abs=1e-5)


def test_the_thresholds_stay_while_answers_are_learned_measured_and_saved(careful, tmp_path):
    project = create_project(tmp_path / "again", texts_of(LABELS), LABELS)
    session = LabellingSession.open(project, careful)
    for number in range(0, len(project.texts), 2):
        session.answer("ann", number, GOLD[LABELS][project.texts[number]])
    saved = Engine.load(session.engine().save(tmp_path / "model"), **EXACT)
    assert saved.tasks["topic"].thresholds == (0.9, 0.1, 0.02, 0.8)
    found = [tuple(sorted(one.labels["topic"])) for one in saved.analyze(project.texts)]
    assert found == [guess.answer for guess in session.guesses()]
    learner = session._model.learner
    (held_out,) = learner.held_out([{}], [range(len(project.texts))])
    assert [g.answer for g in held_out] == [tuple(sorted(a.labels["topic"])) for a in careful.analyze(project.texts)]
    limits, chances = np.array([0.9, 0.1, 0.02, 0.8]), np.array(list(session.guesses([1])[0].probabilities.values()))
    doubts = np.minimum(chances / limits, (1 - chances) / (1 - limits)) / 2
    assert learner.doubt(1, rare=False) == f"The model is unsure whether it is {LABELS.names[int(doubts.argmax())]}."


@pytest.mark.parametrize("kind", EACH, ids=lambda one: one.kind)
def test_a_fine_tuned_engine_makes_the_first_guesses_and_is_measured_by_later_answers_alone(new_session, kind):
    session = new_session(texts_of(kind), kind)
    label_all(session, order=Order.RANDOM)
    assert session.progress("ann").measured == len(GOLD[kind])
    session.use(session.engine())
    assert session.progress("ann").measured == 0
    fresh = new_session(texts_of(kind), kind)
    np.testing.assert_allclose(fresh.vectors(), session.vectors(), atol=2e-3)
    other = LabellingSession.open(fresh.project, session.engine())
    right = [g.answer == GOLD[kind][text] for g, text in zip(other.guesses(), other.project.texts, strict=True)]
    assert np.mean(right) > 0.6


@pytest.mark.parametrize("kind", EACH, ids=lambda one: one.kind)
def test_a_head_trained_under_the_name_of_a_hand_over_is_measured_by_later_answers_alone(
    new_session, engine, tmp_path, kind
):
    session = new_session(texts_of(kind), kind)
    label_all(session, order=Order.RANDOM)
    note_hand_over(session.project.folder, "topic_2")
    renamed = create_project(tmp_path / "renamed", texts_of(kind), replace(kind, task="topic_2"))
    trained = LabellingSession.open(renamed, engine)
    trained.accept("bo", session.answers())
    session.use(trained.engine())
    assert session.progress("ann").measured == 0
    session.use(engine)
    assert session.progress("ann").measured == len(GOLD[kind])


@pytest.mark.parametrize("kind", EACH, ids=lambda one: one.kind)
def test_the_head_of_a_hand_over_makes_the_first_guesses(new_session, tmp_path, kind):
    session = new_session(texts_of(kind), kind)
    label_all(session)
    fresh = create_project(tmp_path / "fresh", texts_of(kind), replace(kind, task="other-name"))
    note_hand_over(fresh.folder, "topic")
    other = LabellingSession.open(fresh, session.engine())
    right = [g.answer == GOLD[kind][text] for g, text in zip(other.guesses(), fresh.texts, strict=True)]
    assert np.mean(right) > 0.6


def test_an_own_head_for_spans_of_other_names_makes_first_guesses(new_session, tmp_path):
    texts = texts_of(SPANS)
    session = new_session(texts, SPANS)
    label_all(session)
    project = create_project(tmp_path / "other", texts, spec("spans", "PER", "ORG", task="people"))
    other = LabellingSession.open(project, session.engine())
    labels = {span.label for guess in other.guesses() for span in guess.answer}
    assert labels == {"PER"}
    project.add_label(LabelHint("LOC"))
    assert {span.label for guess in other.guesses() for span in guess.answer} == {"PER", "LOC"}
