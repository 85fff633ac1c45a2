import base64
import json

import numpy as np

from demo.maps.colouring import Colouring
from demo.maps.sampling import sample
from demo.views.maps import scatter
from demo.views.maps.scatter import MapPoints


def unpacked(text: str, kind: type) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype=kind)


def places(rows: list[int]) -> MapPoints:
    points = np.arange(2 * len(rows), dtype=np.float32).reshape(-1, 2)
    return MapPoints(points, np.array(rows, dtype=np.int32), "PCA")


def test_a_map_of_all_sentences_names_no_rows():
    found = json.loads(scatter.map_texts(3, ["a", "b"], sample(2, 10)))
    assert found == {"stamp": 3, "rows": None, "texts": ["a", "b"]}


def test_a_map_of_a_sample_names_its_rows_and_has_their_texts_only():
    found = json.loads(scatter.map_texts(3, ["a", "b", "c"], np.array([0, 2], dtype=np.int32)))
    assert unpacked(found["rows"], np.int32).tolist() == [0, 2]
    assert found["texts"] == ["a", "c"]


def test_points_and_their_places_in_the_sample_are_packed():
    found = json.loads(scatter.map_points(1, 2, places([0, 2])))
    np.testing.assert_array_equal(unpacked(found["points"], np.float32), [0, 1, 2, 3])
    assert unpacked(found["places"], np.int32).tolist() == [0, 2]
    assert json.loads(scatter.map_points(1, 2, places([0, 1])))["places"] is None


def test_colours_are_those_of_the_sample():
    painted = Colouring("label", (0, 1, 0), ("x", "y"), ("#1", "#2"), ("circle", "square"))
    found = json.loads(scatter.map_colours(1, painted, np.array([1, 2], dtype=np.int32)))
    assert unpacked(found["group"], np.int32).tolist() == [1, 0]


def test_the_nearest_is_brightest_and_the_far_half_is_dark():
    brightness = scatter.brightness_of(np.array([0.9, 0.5, 0.1, 0.2, 0.3], dtype=np.float32))
    assert brightness[0] == 1
    assert 0 < brightness[1] < 1
    assert brightness[2] == brightness[3] == brightness[4] == 0
    assert (scatter.brightness_of(np.ones(3, dtype=np.float32)) == 1).all()


def test_ten_thousand_points_stay_far_below_five_megabytes():
    texts = [f"{i} " + "word " * 60 for i in range(10_000)]
    rows = sample(len(texts), scatter.LIMIT)
    points = MapPoints(np.zeros((len(rows), 2), dtype=np.float32), rows, "PCA")
    painted = Colouring("label", (0,) * len(texts), ("x",), ("#1",), ("circle",))
    parts = (
        scatter.map_texts(1, texts, rows),
        scatter.map_points(1, 1, points),
        scatter.map_colours(1, painted, rows),
        scatter.map_highlight(1, [1], brightness=np.ones(len(rows), dtype=np.float32)),
    )
    assert sum(len(part.encode()) for part in parts) < 5e6
