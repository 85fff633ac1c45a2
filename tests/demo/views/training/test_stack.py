import re

from demo.inputs import drafts
from demo.training import architecture
from demo.training.freezing_choice import Freezing
from demo.training.network import network
from demo.views.training.stack import stack
from mtl.recipe import DEFAULT_BACKBONE, Preset

TASKS = [draft for draft in drafts.built_in() if draft.name in ("topic", "entities")]


def drawn(choice, backbone=DEFAULT_BACKBONE):
    return stack(network(architecture.of(backbone), choice, TASKS, counted={}))


def test_every_block_is_a_button_that_says_its_size_and_state():
    html = drawn(Freezing(Preset.LAST_LAYERS, 2, frozen_heads=("topic",)))
    buttons = dict(re.findall(r'data-block="([^"]+)" (?:class="[^"]+" )?aria-pressed="(\w+)"', html))
    buttons |= dict(re.findall(r'data-block="([^"]+)" class="[^"]+" aria-pressed="(\w+)"', html))
    assert [key for key, pressed in buttons.items() if pressed == "true"] == ["head:entities", "layer:6", "layer:5"]
    assert 'aria-label="layer 5, 1.8 M, trains. Press' in html
    assert 'aria-label="topic head, 150.5 k, frozen. Press' in html


def test_the_bars_have_the_real_proportions():
    widths = [float(width) for width in re.findall(r"width:([\d.]+)%", drawn(Freezing(Preset.FULL)))]
    assert max(widths) == 100
    assert abs(min(widths) - 100 * 1_774_464 / 11_918_592) < 0.01


def test_the_sum_says_how_much_trains():
    assert "<strong>22.7 M</strong> of 22.7 M parameters train (100.0%)" in drawn(Freezing(Preset.FULL))
    assert "appear with the plan" in stack(network(None, Freezing(Preset.FULL), [], counted={}))
