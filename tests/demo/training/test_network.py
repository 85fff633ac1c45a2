from demo.inputs import drafts
from demo.training import architecture
from demo.training.freezing_choice import Freezing
from demo.training.network import network
from mtl.inference.source import STARTER_FOLDER
from mtl.recipe import DEFAULT_BACKBONE, Preset

MINILM = architecture.of(DEFAULT_BACKBONE)
TASKS = [draft for draft in drafts.built_in() if draft.name in ("topic", "entities", "similarity")]


def drawn(choice, known=MINILM, counted=None):
    return network(known, choice, TASKS, counted=counted or {})


def test_the_sizes_are_those_that_mtl_counts():
    found = drawn(Freezing(Preset.HEADS_ONLY))
    sizes = {block.name: block.parameters for block in (*found.heads, *found.body)}
    assert sizes["topic"] == 150_535
    assert sizes["entities"] == 2_695
    assert sizes["layer 6"] == 1_774_464
    assert sizes["embeddings"] == 11_918_592
    assert found.trained == 153_230


def test_a_head_that_l_bfgs_trains_is_linear():
    topic = [draft for draft in TASKS if draft.name == "topic"]
    (head,) = network(MINILM, Freezing(Preset.HEADS_ONLY), topic, counted={}).heads
    assert head.parameters == 385 * 7
    (head,) = network(MINILM, Freezing(Preset.FULL), topic, counted={}).heads
    assert head.parameters == 150_535


def test_similarity_has_no_head():
    assert [block.name for block in drawn(Freezing(Preset.FULL)).heads] == ["topic", "entities"]


def test_layers_stand_from_the_last_to_the_first_and_the_top_ones_train():
    body = drawn(Freezing(Preset.LAST_LAYERS, 2)).body
    assert [block.name for block in body] == [*(f"layer {i}" for i in range(6, 0, -1)), "embeddings"]
    assert [block.name for block in body if block.trains] == ["layer 6", "layer 5"]


def test_what_a_plan_counted_stands_before_our_own_numbers():
    found = drawn(Freezing(Preset.LORA), counted={"topic head": 5, "adapters": 7})
    assert found.heads[0].parameters == 5
    assert found.trained == 5 + 2_695 + 7
    assert {block.note for block in found.body[:-1]} == {"adapter"}


def test_an_unseen_backbone_is_drawn_without_sizes():
    found = drawn(Freezing(Preset.LAST_LAYERS, 3), known=None)
    assert [(block.name, block.trains) for block in found.body] == [
        ("top layers (3)", True),
        ("layers below", False),
        ("embeddings", False),
    ]
    assert found.total == 0


def test_a_checkpoint_has_the_architecture_of_its_backbone():
    assert architecture.of(str(STARTER_FOLDER)) == MINILM
