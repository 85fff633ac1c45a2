"""Search of partners against brute force."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score

from mtl.metrics import LabelledPairs, average_precision, retrieval, retrieval_metrics

Pair = tuple[str, str, bool]
PAIRS = st.lists(
    st.tuples(st.sampled_from("abcdef"), st.sampled_from("cdefgh"), st.booleans()), min_size=1, max_size=14
)


def of_pairs(pairs: list[Pair], seed: int) -> tuple[LabelledPairs, np.ndarray]:
    """Pairs with an embedding for each text."""
    draw = np.random.default_rng(seed).normal(size=(8, 3)).astype(np.float32)
    texts = [text for first, second, _ in pairs for text in (first, second)]
    firsts, seconds, positive = zip(*pairs, strict=True)
    return LabelledPairs(firsts, seconds, np.array(positive)), draw[["abcdefgh".index(text) for text in texts]]


def brute_force(pairs: list[Pair], embeddings: np.ndarray) -> dict[str, float]:
    texts = [text for first, second, _ in pairs for text in (first, second)]
    of_text = {text: vector / np.linalg.norm(vector) for text, vector in zip(texts, embeddings, strict=True)}
    candidates = {second for _, second, _ in pairs}
    ranks = []
    for query in {first for first, _, positive in pairs if positive}:
        rights = {second for first, second, positive in pairs if positive and first == query}
        cosines = {text: float(of_text[query] @ of_text[text]) for text in candidates}
        best = max(cosines[text] for text in rights)
        ranks.append(1 + sum(cosines[text] >= best for text in candidates - rights - {query}))
    if not ranks:
        return {}
    return {"accuracy@1": np.mean([r == 1 for r in ranks]), "mrr": np.mean([1 / r for r in ranks])}


@given(PAIRS, st.integers(0, 999), st.sampled_from([1, 7, 1 << 22]))
def test_a_sentence_searches_its_partners_among_all_distinct_second_sentences(pairs: list[Pair], seed: int, chunk: int):
    labelled, embeddings = of_pairs(pairs, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(retrieval, "_AT_ONCE", chunk)
        assert retrieval_metrics(labelled, embeddings) == pytest.approx(brute_force(pairs, embeddings))


def test_more_candidates_than_are_searched_are_left_out_with_the_sentences_that_want_them(
    monkeypatch: pytest.MonkeyPatch,
):
    pairs = [("a", "e", True), ("b", "f", True), ("c", "g", True), ("d", "h", True)]
    labelled, embeddings = of_pairs(pairs, 3)
    monkeypatch.setattr(retrieval, "MOST_CANDIDATES", 3)
    assert retrieval_metrics(labelled, embeddings) == pytest.approx(brute_force(pairs[:3], embeddings[:6]))


def test_equal_embeddings_find_nothing():
    labelled, embeddings = of_pairs([("a", "e", True), ("b", "f", True), ("c", "g", True)], 0)
    assert retrieval_metrics(labelled, np.ones_like(embeddings)) == pytest.approx({"accuracy@1": 0, "mrr": 1 / 3})


def test_without_a_positive_pair_nothing_is_searched():
    assert retrieval_metrics(*of_pairs([("a", "e", False)], 0)) == {}


def test_embeddings_that_are_not_finite_have_no_figures():
    labelled, embeddings = of_pairs([("a", "e", True), ("b", "f", True)], 0)
    embeddings[0, 0] = np.nan
    assert all(map(math.isnan, retrieval_metrics(labelled, embeddings).values()))
    assert math.isnan(average_precision(np.array([True, False]), [0.5, math.nan]))


@given(st.lists(st.tuples(st.booleans(), st.integers(-4, 4)), min_size=1, max_size=12))
def test_average_precision_is_that_of_scikit_learn(rows: list[tuple[bool, int]]):
    positive, cosines = np.array([True, *(one for one, _ in rows)]), [0.0, *(value / 4 for _, value in rows)]
    assert average_precision(positive, cosines) == pytest.approx(average_precision_score(positive, cosines))
