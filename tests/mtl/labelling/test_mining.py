import numpy as np

from mtl.labelling import mining
from mtl.labelling.mining import mine_pairs
from mtl.labelling.pairs import pair_number, pairs_of


def mined(texts, vectors, told=None):
    told = [] if told is None else told
    found = mine_pairs(texts, np.asarray(vectors, dtype="f4"), progress=lambda *both: told.append(both))
    return [tuple(pair) for pair in pairs_of(found).tolist()]


def test_each_text_makes_pairs_with_its_nearest_ones_each_pair_once(monkeypatch):
    monkeypatch.setattr(mining, "NEAREST", 3)
    monkeypatch.setattr(mining, "_BLOCK", 7)
    vectors = np.random.default_rng(0).standard_normal((40, 5)).astype("f4")
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    near = unit @ unit.T - 9 * np.eye(40)
    expected = {tuple(sorted((i, int(j)))) for i in range(40) for j in np.argsort(-near[i])[:3]}
    told = []
    assert sorted(mined([f"text {i}" for i in range(40)], vectors, told)) == sorted(expected)
    assert told[0] == (7, 40) and told[-1] == (40, 40)


def test_texts_that_differ_in_case_and_white_space_alone_are_no_pair():
    texts = ["One  film", "one film", "ONE\tFILM", "two films"]
    assert mined(texts, np.ones((4, 3))) == [(0, 3), (1, 3), (2, 3)]
    assert mined(["👍", "עברית"], np.ones((2, 3))) == [(0, 1)]


def test_one_text_has_no_pairs():
    assert mined(["a"], np.ones((1, 3))) == []


def test_of_many_texts_some_are_asked_for_their_nearest_among_all(monkeypatch):
    monkeypatch.setattr(mining, "MOST_ASKED", 6)
    vectors = np.random.default_rng(0).standard_normal((50, 4))
    pairs = mined([f"text {i}" for i in range(50)], vectors)
    assert 30 <= len(pairs) <= 60 and len({text for pair in pairs for text in pair}) > 6


def test_vectors_without_a_direction_break_nothing():
    vectors = np.zeros((5, 3))
    vectors[3:] = 1
    pairs = mined([f"text {i}" for i in range(5)], vectors)
    assert len(pairs) == len({pair_number(*pair) for pair in pairs}) == 10
