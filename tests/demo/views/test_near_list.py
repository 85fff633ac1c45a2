from demo.maps.similarity import Neighbour
from demo.views.maps.neighbours import near_list


def test_each_sentence_is_a_button_that_carries_it_escaped_and_ranked():
    shown = near_list([Neighbour(1, 0.9), Neighbour(0, 0.25)], ["far", 'a "near" <b>one'])
    assert shown.index("0.90") < shown.index("0.25")
    assert 'data-text="a &quot;near&quot; &lt;b&gt;one"' in shown
    assert "<b>" not in shown


def test_no_neighbours_are_said_in_words():
    assert "There are no neighbours" in near_list([], [])
