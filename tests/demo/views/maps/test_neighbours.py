from demo.maps.similarity import Neighbour
from demo.views.maps.neighbours import both_sides, nearest_to

TEXTS = ["a", "b", "<i>c", "d"]


def test_the_asked_sentence_stands_above_its_neighbours():
    html = nearest_to("what <b>?", [Neighbour(2, 0.5)], TEXTS)
    assert "what &lt;b&gt;?" in html
    assert "&lt;i&gt;c" in html


def test_neighbours_of_a_second_space_are_new_kept_or_lost():
    html = both_sides([Neighbour(1, 0.9), Neighbour(2, 0.8)], [Neighbour(1, 0.7), Neighbour(3, 0.6)], TEXTS)
    assert html.count("kept") == html.count("new</strong>") == html.count("lost") == 1
