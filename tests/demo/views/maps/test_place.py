import re
from xml.etree import ElementTree

import numpy as np
import pytest

from demo.maps.reference_map import reference_map
from demo.views.maps.place import SHAPES, QueryPoint, place_map
from tests.demo.fakes import FakeModel, analysis


@pytest.fixture(scope="module")
def seen():
    return reference_map(FakeModel())


def drawn(seen, vector, text="x"):
    return place_map(seen, QueryPoint(text, vector, seen.near(vector, text=text, count=4)))


def test_every_example_has_a_mark_with_its_sentence_and_the_nearest_are_ringed_and_numbered(seen):
    picture = ElementTree.fromstring(drawn(seen, analysis("new").embedding))
    assert [mark.get("data-text") for mark in picture.iter("path") if mark.get("data-text")] == list(seen.texts)
    assert [rank.text for rank in picture.iter("text")] == ["1", "2", "3", "4"]
    assert len(list(picture.iter("circle"))) == 4


@pytest.mark.parametrize("scale", [0.0, 1e6, -1e6])
def test_a_sentence_far_out_stays_in_the_picture(seen, scale):
    far = seen.vectors[np.argmax(seen.points[:, 0])] * np.float32(scale)
    query_point = re.search(r'translate\((\S+) (\S+)\)"><path class="ph-query-point"', drawn(seen, far))
    assert 0 <= float(query_point[1]) <= 640
    assert 0 <= float(query_point[2]) <= 320


def test_a_reader_hears_what_is_nearest(seen):
    vector = analysis("new").embedding
    nearest = seen.texts[seen.near(vector, text="x", count=1)[0].index]
    label = ElementTree.fromstring(drawn(seen, vector)).find("svg").get("aria-label")
    assert nearest[:40] in label


def test_every_marker_shape_of_the_palette_has_an_outline_of_its_own():
    assert len(set(SHAPES.values())) == len(SHAPES)
