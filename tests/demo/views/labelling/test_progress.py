from dataclasses import replace

from demo.views.labelling.progress import curve, details, summary
from mtl.labelling import (
    Agreement,
    BrokenChain,
    Confusion,
    Contradiction,
    CurvePoint,
    Disagreement,
    Estimate,
    Metric,
    PairAgreement,
    Progress,
)
from mtl.labelling.pairs import pair_number
from mtl.labels import TypedSpan
from tests.demo.views.labelling.shown import CLASSES, PAIRS, SPANS, TEXT

SCORE = Estimate(0.8, 0.7, 0.9)
NONE = Progress(0, 0, 9, 0, 0, (), Metric.ACCURACY, None, (), None, False, "", (), ())
SOME = replace(
    NONE,
    answered=12,
    known=30,
    measured=6,
    by_label=(("<b>", 20), ("travel", 10)),
    score=SCORE,
    curve=(CurvePoint(10, Estimate(0.5, 0.3, 0.7)), CurvePoint(30, SCORE)),
    ahead=Estimate(0.85, 0.8, 0.9),
    hint="More <labels> help.",
    confusions=(Confusion("<b>", "", 3, (0,)),),
    contradictions=(Contradiction(0, "<b>", "travel", 0.97),),
)


def test_a_score_is_shown_with_its_interval_and_what_is_expected():
    html = summary(SOME)
    assert "0.80 (0.70–0.90)" in html
    assert "6 of 30 answers" in html
    assert "0.85 (0.80–0.90)" in html
    assert "More &lt;labels&gt; help." in html


def test_a_table_that_is_cut_says_so():
    many = replace(
        SOME,
        confusions=SOME.confusions * 9,
        contradictions=SOME.contradictions * 8,
        chains=(BrokenChain(pair_number(0, 1), (0, 1)),) * 7,
    )
    html = details(many, None, CLASSES, (TEXT, TEXT))
    for count in (9, 8, 7):
        assert f"The first 6 of {count} are shown." in html
    assert "are shown" not in details(SOME, None, CLASSES, (TEXT,))


def test_a_label_is_apart_from_its_number_whatever_its_direction():
    assert "<bdi>&lt;b&gt;</bdi> 20" in summary(SOME)


def test_before_a_score_it_says_not_yet():
    html = summary(replace(NONE, answered=3))
    assert "not yet" in html
    assert "after 50 more" not in html


def test_the_curve_goes_on_with_what_is_expected():
    made = curve(SOME)
    lines = {trace.name: trace for trace in made.data if trace.name}
    assert list(lines["measured"].x) == [10, 30]
    assert list(lines["expected"].x) == [30, 80]
    assert len(curve(replace(SOME, ahead=None)).data) == 2
    assert "starts after" in curve(NONE).layout.annotations[0].text


def test_confusions_and_contradictions_name_texts_that_can_be_opened():
    html = details(SOME, None, CLASSES, (TEXT,))
    assert "nothing" in html
    assert 'data-text="0"' in html
    assert "<i>Bo" not in html
    assert details(NONE, None, CLASSES, (TEXT,)) == ""


def test_agreement_has_kappa_the_share_of_equal_answers_and_where_people_differ():
    differ = Disagreement(0, (TypedSpan(1, 4, "PER"),), ())
    pair = PairAgreement("<a>", "bo", 12, 0.5, 0.75, 0.6, (differ,))
    html = details(NONE, Agreement((pair, replace(pair, kappa=None, f1=None)), 0.5), SPANS, (TEXT,))
    assert "0.50" in html
    assert "75 % of 12" in html
    assert "undefined" in html
    assert "Ann (PER)" in html
    assert "no entity" in html
    assert "<a>" not in html


def test_pairs_have_a_threshold_and_say_what_their_score_is_measured_on():
    html = summary(replace(SOME, threshold=0.714))
    assert "0.71" in html
    assert "among the mined pairs" in html
    assert "mined" not in summary(SOME)


def test_pairs_that_are_different_and_the_same_at_once_are_listed_with_their_chain():
    texts, number = (TEXT, "<b>two</b>", "three"), pair_number(0, 2)
    html = details(replace(NONE, chains=(BrokenChain(number, (0, 1, 2)),)), None, PAIRS, texts)
    assert f'data-text="{number}"' in html
    assert "&lt;b&gt;two&lt;/b&gt; = three" in html
    assert "<i>Bo" not in html


def test_people_who_disagree_on_a_pair_see_both_texts():
    differ = Disagreement(pair_number(0, 1), "same", "different")
    pair = PairAgreement("ann", "bo", 2, 0.5, 0.5, None, (differ,))
    html = details(NONE, Agreement((pair,), 0.5), PAIRS, (TEXT, "two"))
    assert "/ two" in html
    assert "different" in html
