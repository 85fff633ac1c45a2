import numpy as np

from demo.maps.before_after import Answer, Change
from demo.views.maps.before_after import change_line, change_map, change_table

PLACES = (np.zeros((2, 2), np.float32), np.ones((2, 2), np.float32))
CHANGE = Change(
    texts=("one <b>", "two"),
    answers=(
        (Answer("topic", ("sports",), ("travel",)),),
        (Answer("topic", ("sports",), ("sports",)),),
    ),
    cosines=np.array([0.5, 1.0], np.float32),
    places=PLACES,
    overlap=0.75,
)


def test_the_line_counts_what_changed_and_how_far_it_moved():
    counted = "2 sentences · 1 of 2 predictions changed · drift 0.250 · 75% of nearest neighbours kept"
    assert counted in change_line(CHANGE)


def test_answers_that_changed_are_marked_in_words():
    html = change_table(CHANGE)
    assert html.count("<b>changed</b>") == 1
    assert "one &lt;b&gt;" in html


def test_every_sentence_has_an_arrow_from_before_to_after():
    made = change_map(CHANGE)
    assert len(made.layout.annotations) == 2
    assert {trace.name for trace in made.data} == {"before", "after"}


def test_without_heads_before_and_without_one_space_it_says_so():
    alone = Change(("one",), ((Answer("topic", None, ("a",)),),), None, None, None)
    assert "the model before had none of these heads" in change_line(alone)
    assert "topic before" not in change_table(alone)
    assert len(change_map(alone).data) == 0
