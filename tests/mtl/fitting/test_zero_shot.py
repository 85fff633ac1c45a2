import numpy as np
import pytest

from mtl.errors import DataError
from mtl.fitting import FeaturePool, LabelHint, LabelledTexts, build_pool, fit_classes, zero_shot_head
from mtl.fitting.pool import PooledWindows
from mtl.fitting.zero_shot import TEMPLATES

TEXTS = {
    "sport": ["The striker scored twice in the second half.", "Our team won the match on penalties."],
    "cooking": ["Stir the onions in butter until they are soft.", "Add salt, then bake the bread for an hour."],
    "travel": ["The night train to Rome leaves from platform four.", "We booked a small hotel near the beach."],
}


@pytest.fixture(scope="module")
def pool(minilm):
    return build_pool(minilm, [text for texts in TEXTS.values() for text in texts])


def predicted(head, pool):
    return [head.labels[best] for best in head.probabilities(pool).argmax(axis=1)]


def test_names_alone_tell_texts_apart(minilm, pool):
    head = zero_shot_head(minilm, pool, [LabelHint(name) for name in TEXTS])
    assert predicted(head, pool) == [name for name, texts in TEXTS.items() for _ in texts]


@pytest.mark.parametrize("rounds", [0, 10])
def test_a_description_or_examples_stand_in_for_a_name_that_says_nothing(minilm, pool, rounds):
    hints = [
        LabelHint("sport"),
        LabelHint("k1", "recipes and how to cook"),
        LabelHint("k2", examples=("trains, hotels",)),
    ]
    head = zero_shot_head(minilm, pool, hints, rounds=rounds)
    assert predicted(head, pool) == ["sport"] * 2 + ["k1"] * 2 + ["k2"] * 2


def test_a_name_is_read_as_words():
    (first, *_) = LabelHint("NaturalPlace").sentences()
    assert first == "natural place" and LabelHint("science/technology").sentences()[0] == "science technology"
    hint = LabelHint("play_music", " songs ", ("play a song",))
    assert hint.sentences() == [*(t.format("play music") for t in TEMPLATES), "songs", "play a song"]


def test_as_a_prior_it_decides_until_examples_say_otherwise(minilm, pool):
    prior = zero_shot_head(minilm, pool, [LabelHint(name) for name in TEXTS])
    one = LabelledTexts(tuple(TEXTS), {0: "sport"})
    assert predicted(fit_classes(pool, one, prior=prior), pool) == predicted(prior, pool)
    swapped = {
        i: {"sport": "travel", "travel": "sport"}.get(name, name) for i, name in enumerate(predicted(prior, pool))
    }
    found = fit_classes(pool, LabelledTexts(tuple(TEXTS), swapped), prior=prior)
    before, after = (head.probabilities(pool)[0, 0] for head in (prior, found))
    assert after < before


def test_labels_move_towards_their_texts_and_away_from_nobody_else(minilm):
    """Two clusters that what is said only just tells apart: after moving the margin is wider."""
    rng = np.random.default_rng(0)
    sides = np.repeat([1.0, -1.0], 50)[:, None]
    base = rng.standard_normal(384)
    texts = (base + sides * rng.standard_normal(384) + 0.3 * rng.standard_normal((100, 384))).astype("f4")
    pool = FeaturePool(("",) * 100, PooledWindows(texts, np.arange(101), np.ones(100, "f4")))
    still, moved = (zero_shot_head(minilm, pool, [LabelHint("a"), LabelHint("b")], rounds=n) for n in (0, 10))
    confident = [np.sort(head.probabilities(pool), axis=1)[:, -1].mean() for head in (still, moved)]
    assert confident[1] > confident[0]


@pytest.mark.parametrize("names", [(), ("a", "a")])
def test_labels_come_once(minilm, pool, names):
    with pytest.raises(DataError, match="at least one label, each once"):
        zero_shot_head(minilm, pool, [LabelHint(name) for name in names])


def test_one_label_alone_is_everything(minilm, pool):
    assert zero_shot_head(minilm, pool, [LabelHint("a")]).probabilities(pool) == pytest.approx(1.0)
