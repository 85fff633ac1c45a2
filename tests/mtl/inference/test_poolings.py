import numpy as np
import pytest

from mtl.checkpoint.store import build
from mtl.encoder import load_backbone
from mtl.inference import Engine
from mtl.inference.poolings import Poolings
from mtl.recipe import Pooling
from tests.tiny import EXACT

TEXTS = ["a cat sat", "the dog", "a cat sat on the mat and the dog ran", "!"]


def test_every_pooling_is_what_a_backbone_with_it_gives(tiny_bert):
    found = Poolings.load(str(tiny_bert)).encode(TEXTS)
    assert set(found) == set(Pooling)
    for pooling, vectors in found.items():
        loaded = build(load_backbone(str(tiny_bert), pooling=pooling), {})
        expected = Engine.of(loaded, name="tiny").encode(TEXTS)
        np.testing.assert_allclose(vectors, expected, atol=1e-6)


def test_a_checkpoint_is_pooled_with_its_own_weights(trained):
    poolings = Poolings.load(str(trained / "best"))
    own = poolings.encode(TEXTS)[poolings.own]
    np.testing.assert_allclose(own, Engine.load(trained / "best", **EXACT).encode(TEXTS), atol=1e-5)


def test_no_texts_give_empty_vectors(tiny_bert):
    assert all(len(vectors) == 0 for vectors in Poolings.load(str(tiny_bert)).encode([]).values())


@pytest.mark.parametrize("count", [1, 3])
def test_the_order_of_the_texts_is_kept(tiny_bert, count):
    poolings = Poolings.load(str(tiny_bert))
    alone = poolings.encode([TEXTS[0]])[Pooling.MEAN][0]
    np.testing.assert_allclose(poolings.encode(TEXTS[:count])[Pooling.MEAN][0], alone, atol=1e-5)
