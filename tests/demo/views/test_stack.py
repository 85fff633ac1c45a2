import re

from demo import architecture
from demo.views.stack import Trained, stack
from mtl.recipe import DEFAULT_BACKBONE

MINILM = architecture.of(DEFAULT_BACKBONE)


def states(html: str) -> dict[str, str]:
    names = re.findall(r'ph-name">([^<]+)<', html)
    return dict(zip(names, re.findall(r'ph-state">(\w+)<', html), strict=True))


def test_the_default_backbone_has_its_real_sizes():
    assert MINILM.layers == 6
    assert round(MINILM.embeddings / 1e6, 1) == 11.9
    assert round(MINILM.layer / 1e6, 1) == 1.8


def test_the_last_layers_and_the_heads_train():
    found = states(stack(MINILM, Trained(False, 2, frozenset({"b"})), ["a", "b"]))
    assert [name for name, state in found.items() if state == "trains"] == ["a head", "layer 6", "layer 5"]


def test_everything_trains_or_nothing():
    assert set(states(stack(MINILM, Trained(True, None, frozenset()), ["a"])).values()) == {"trains"}
    assert set(states(stack(MINILM, Trained(False, 0, frozenset({"a"})), ["a"])).values()) == {"frozen"}


def test_an_unseen_backbone_is_drawn_without_sizes():
    assert architecture.of("someone/never-seen") is None
    assert architecture.of("x" * 5000) is None
    found = states(stack(None, Trained(False, 2, frozenset()), ["a"]))
    assert found["top layers (2)"] == "trains"
    assert found["embeddings"] == "frozen"
