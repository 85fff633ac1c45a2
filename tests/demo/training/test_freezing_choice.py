import pytest

from demo.training.freezing_choice import Freezing, one_head, pressed
from mtl.freezing import resolve
from mtl.recipe import FreezingConfig, Preset

HEADS = ("topic", "entities")


def press(choice, *blocks):
    for block in blocks:
        choice = pressed(choice, block, depth=6, heads=HEADS)
    return choice


def plan(choice):
    return resolve(FreezingConfig.model_validate(choice.config(HEADS)), tasks=HEADS, layer_count=6)


@pytest.mark.parametrize("preset", list(Preset))
@pytest.mark.parametrize("block", ["layer:6", "layer:1", "embeddings", "head:topic", "head:entities"])
def test_whatever_is_pressed_the_picture_is_what_mtl_would_train(preset, block):
    choice = one_head(Freezing(preset), HEADS)
    for _ in range(3):
        found = plan(choice)
        assert choice.trained_layers(6) == found.layers, choice
        assert choice.trains_embeddings == found.embeddings, choice
        assert {head for head in HEADS if choice.is_frozen(head)} == found.frozen_heads, choice
        choice = press(choice, block)


def test_a_layer_becomes_the_lowest_that_trains_and_pressed_again_it_freezes():
    choice = press(Freezing(Preset.HEADS_ONLY), "layer:5")
    assert (choice.preset, choice.layers) == (Preset.LAST_LAYERS, 2)
    assert press(choice, "layer:5").layers == 1
    assert press(choice, "layer:2").layers == 5
    assert press(choice, "layer:6", "layer:6").preset is Preset.HEADS_ONLY


def test_the_embeddings_turn_everything_on_and_off():
    everything = press(Freezing(Preset.LAST_LAYERS), "embeddings")
    assert everything.preset is Preset.FULL
    below = press(everything, "embeddings")
    assert (below.preset, below.layers) == (Preset.LAST_LAYERS, 6)


def test_a_schedule_stays_when_its_depth_changes():
    choice = press(Freezing(Preset.GRADUAL), "layer:4")
    assert choice.config(HEADS) == {"preset": "gradual", "layers": 3}
    assert press(choice, "embeddings").config(HEADS) == {"preset": "gradual"}


def test_locks_turn_and_all_of_them_mean_that_nothing_trains():
    one = press(Freezing(Preset.HEADS_ONLY), "head:topic")
    assert one.config(HEADS) == {"preset": "heads_only", "frozen_heads": ["topic"]}
    both = press(one, "head:entities")
    assert both.preset is Preset.ALL_FROZEN
    assert press(both, "head:entities").frozen_heads == ("topic",)


def test_one_head_frozen_has_exactly_one():
    assert one_head(Freezing(Preset.ONE_HEAD_FROZEN), HEADS).frozen_heads == ("topic",)
    assert one_head(Freezing(Preset.FULL, frozen_heads=("gone", "topic")), HEADS).frozen_heads == ("topic",)
    assert press(Freezing(Preset.ONE_HEAD_FROZEN, frozen_heads=("topic",)), "head:topic").preset is Preset.FULL


@pytest.mark.parametrize("block", ["", "layer:0", "layer:7", "layer:x", "head:nothing", "nonsense"])
def test_a_made_up_block_changes_nothing(block):
    choice = Freezing(Preset.LAST_LAYERS)
    assert press(choice, block) == choice
