import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import f1_score

from mtl.labelling import AHEAD, Metric
from mtl.labelling.cards import Counts, Guess
from mtl.labelling.estimating import Tally, expected_after, interval
from mtl.labelling.measuring import Work, confusions_of, measure, progress_of
from mtl.labels import TypedSpan
from tests.mtl.labelling.specs import spec

CLASSES, LABELS, SPANS = (spec(kind, "a", "b", "c") for kind in ("classes", "labels", "spans"))
COUNTS = Counts(labelled=1, skipped=2, others=3, total=100)


class Remembering:
    """A learner that knows a text where it has seen one of the same remainder, and says which answers it was told."""

    def __init__(self, wrong=(), blind=()):
        self.told, self.wrong, self.blind = [], wrong, blind

    def held_out(self, stages, texts):
        found = []
        for answers, own in zip(stages, texts, strict=True):
            self.told += [(set(answers), text) for text in own]
            by_rest = {text % 3: answer for text, answer in answers.items()}
            found.append([self._guess(text, by_rest.get(text % 3, "a")) for text in own])
        return found

    def _guess(self, text, answer):
        return Guess("c" if text in self.wrong else answer, 0.5 if text in self.blind else 0.9, {})


def work(count=60, measured=range(0, 60, 2), kind=CLASSES):
    answers = {text: "abc"[text % 3] for text in np.random.default_rng(0).permutation(count).tolist()}
    return Work(kind, answers, tuple(measured))


def test_no_model_is_measured_on_what_it_was_told():
    learner = Remembering()
    found = measure(learner, work())
    assert all(text not in told for told, text in learner.told)
    assert {text for _, text in learner.told} == set(range(60))
    assert found.score.value == 1 and found.score.low == pytest.approx(
        binomtest(30, 30).proportion_ci(0.95, method="wilson").low
    )
    assert [point.answers for point in found.curve] == [7, 15, 30, 60]
    assert found.curve[-1].score == found.score


def test_only_texts_by_chance_are_measured_and_others_may_contradict():
    found = measure(Remembering(wrong={3, 4, 6}, blind={6}), work())
    assert found.score.value == pytest.approx(28 / 30)  # 4 and 6 are measured
    assert [(c.given, c.guessed, c.count, c.texts) for c in found.confusions] == [
        ("a", "c", 1, (6,)),
        ("b", "c", 1, (4,)),
    ]
    assert {c.number for c in found.contradictions} == {3, 4}
    assert [(c.answer, c.guess) for c in sorted(found.contradictions, key=lambda c: c.number)] == [
        ("a", "c"),
        ("b", "c"),
    ]


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_few_answers_have_no_score_and_say_what_is_missing(count):
    few = work(count, range(count))
    found = progress_of(measure(Remembering(), few), COUNTS, few)
    assert (found.score, found.curve, found.ahead, found.is_flat) == (None, (), None, False)
    assert found.hint.startswith(f"A score needs {5 - count} more text")


def test_progress_says_where_a_person_and_the_labels_stand():
    own = work()
    found = progress_of(measure(Remembering(), own), COUNTS, own)
    assert (found.answered, found.skipped, found.total, found.measured) == (1, 2, 100, 30)
    assert found.by_label == (("a", 20), ("b", 20), ("c", 20)) and found.metric is Metric.ACCURACY
    assert found.is_flat and found.hint == f"The curve is flat: {AHEAD} more labels would bring about 0.0 points."
    rare = Work(CLASSES, dict.fromkeys(range(40), "a"), tuple(range(40)))
    assert progress_of(measure(Remembering(), rare), COUNTS, rare).hint == "There is no text yet with b."


@pytest.mark.parametrize(("right", "count"), [(0, 5), (3, 7), (7, 7), (80, 100)])
def test_the_interval_of_a_share_is_wilsons(right, count):
    found = interval(Tally.of([("a", "a")] * right + [("a", "b")] * (count - right)))
    share, z = right / count, 1.959964
    assert found.value == pytest.approx(share)
    for bound in (found.low, found.high):  # where the score test of Wilson (1927) just rejects
        assert abs(share - bound) == pytest.approx(z * (bound * (1 - bound) / count) ** 0.5, abs=1e-6)


@pytest.mark.parametrize("kind", [str, lambda label: (label,)], ids=["a share", "F1"])
def test_every_score_lies_within_its_interval(kind):
    for count in range(1, 200):
        for right in {0, 1, count // 2, count - 1, count}:
            found = interval(Tally.of([(kind("a"), kind("a"))] * right + [(kind("a"), kind("b"))] * (count - right)))
            assert 0 <= found.low <= found.value <= found.high <= 1, (right, count)


def sets(seed, count=80):
    rng = np.random.default_rng(seed)
    both = rng.random((2, count, 3)) < 0.4
    return [tuple(tuple(np.array(list("abc"))[side[i]].tolist()) for side in both) for i in range(count)], both


def test_f1_of_sets_is_that_of_scikit_learn_and_its_interval_holds_it():
    pairs, (given, guessed) = sets(0)
    found = interval(Tally.of(pairs))
    assert found.value == pytest.approx(f1_score(given, guessed, average="micro"))
    assert found.low < found.value < found.high and found.high - found.low < 0.3
    assert interval(Tally.of([((), ())] * 5)) is None


def test_the_bootstrap_interval_is_that_of_drawing_texts_again():
    pairs, (given, guessed) = sets(1)
    rng = np.random.default_rng(3)
    drawn = [f1_score(given[rows], guessed[rows], average="micro") for rows in rng.integers(0, 80, (1500, 80))]
    found = interval(Tally.of(pairs))
    assert (found.low, found.high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.02)


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(300):
        found = interval(Tally.of([("a", "a" if right else "b") for right in rng.random(60) < 0.8]))
        held += found.low <= 0.8 <= found.high
    assert held / 300 == pytest.approx(0.95, abs=0.03)


def tallies(sizes, error):
    """Of 1000 texts, so many wrong as a curve says."""
    found = []
    for size in sizes:
        wrong = round(1000 * error(size))
        found.append(Tally(np.arange(1000) >= wrong, np.ones(1000), is_share=True))
    return found


def test_a_power_law_is_found_again():
    sizes = (25, 50, 100, 200)

    def error(size):
        return 2 * size**-0.5

    found = expected_after(sizes, tallies(sizes, error), more=50)
    assert found.value == pytest.approx(1 - error(250), abs=0.002)
    assert found.low < found.value < found.high


def test_a_curve_that_falls_is_expected_to_stay_and_a_short_one_is_not_known():
    sizes = (25, 50, 100)
    falling = tallies(sizes, lambda size: size / 1000)
    assert expected_after(sizes, falling, more=50).value == pytest.approx(falling[-1].score)
    assert expected_after(sizes[1:], falling[1:], more=50) is None
    perfect = tallies(sizes, lambda _: 0)
    assert expected_after(sizes, perfect, more=50).value == 1


@pytest.mark.parametrize("pair", [("a", "a"), (("a",), ("a",)), (("a",), ("b",))], ids=["classes", "sets", "all wrong"])
@pytest.mark.parametrize("count", [5, 30])
def test_few_texts_that_are_all_right_or_all_wrong_are_no_certainty_now_nor_after_more_answers(pair, count):
    every = Tally.of([pair] * count)
    today, ahead = interval(every), expected_after((25, 50, 100), [every] * 3, more=50)
    expected = binomtest(round(every.score * count), count).proportion_ci(0.95, method="wilson")
    assert (today.low, today.high) == pytest.approx((expected.low, expected.high))
    assert ahead.low <= today.low + 1e-9 and ahead.high >= today.high - 1e-9


def test_spans_are_confused_where_they_overlap_and_missed_or_invented_elsewhere():
    given = (TypedSpan(0, 4, "a"), TypedSpan(5, 9, "b"), TypedSpan(10, 12, "c"), TypedSpan(20, 22, "a"))
    guessed = (TypedSpan(0, 4, "b"), TypedSpan(5, 8, "b"), TypedSpan(10, 12, "c"), TypedSpan(30, 32, "c"))
    found = confusions_of({7: (given, guessed), 8: (("a",), ("a", "b")), 9: (("a",), ())})
    assert {(c.given, c.guessed): (c.count, c.texts) for c in found} == {
        ("a", "b"): (1, (7,)),
        ("b", "b"): (1, (7,)),
        ("a", ""): (2, (7, 9)),
        ("", "c"): (1, (7,)),
        ("", "b"): (1, (8,)),
    }
    assert (found[0].given, found[0].guessed) == ("a", "")
