"""The preset that some data ask for, and the reasons."""

import pytest

from mtl.planning.advice import TaskFacts, advise
from mtl.recipe import Preset, TaskKind

C, T, S = TaskKind.CLASSIFICATION, TaskKind.TAGGING, TaskKind.SIMILARITY
EASY = 1.2  # sub-words a word


@pytest.mark.parametrize(
    ("preset", "tasks"),
    [
        ("heads_only", [TaskFacts(C, 20, 2, EASY)]),
        ("heads_only", [TaskFacts(C, 49, 2, EASY)]),
        ("heads_only", [TaskFacts(T, 40, 4, EASY)]),
        ("lora", [TaskFacts(C, 50, 2, EASY)]),
        ("lora", [TaskFacts(C, 199, 10, EASY)]),
        ("lora", [TaskFacts(C, 100, 10, 2.5)]),
        ("full", [TaskFacts(C, 200, 10, EASY)]),
        ("full", [TaskFacts(C, 100, 10, EASY), TaskFacts(C, 100, 4, EASY)]),
        ("last_layers", [TaskFacts(C, 300, 60, EASY)]),  # five a label
        ("last_layers", [TaskFacts(C, 300, 60, EASY), TaskFacts(T, 60, 12, EASY)]),
        ("full", [TaskFacts(C, 300, 50, EASY)]),
        ("heads_only", [TaskFacts(T, 60, 12, EASY)]),
        ("full", [TaskFacts(C, 1000, 10, EASY)]),
        ("full", [TaskFacts(T, 100, 4, EASY)]),
        ("full", [TaskFacts(C, 50, 4, EASY), TaskFacts(T, 60, 4, EASY)]),
        ("full", [TaskFacts(T, 1499, 4, EASY)]),
        ("last_layers", [TaskFacts(S, 60, 0, EASY), TaskFacts(T, 300, 4, EASY)]),
        ("last_layers", [TaskFacts(S, 60, 0, EASY)]),
        ("last_layers", [TaskFacts(C, 20, 10, EASY), TaskFacts(S, 60, 0, EASY)]),
        ("full", [TaskFacts(C, 5000, 10, EASY)]),
        ("full", [TaskFacts(C, 3000, 10, EASY), TaskFacts(T, 2500, 4, EASY)]),
        ("full", [TaskFacts(S, 6000, 0, EASY)]),
    ],
)
def test_the_preset_follows_size_kind_labels_and_words(preset: str, tasks: list[TaskFacts]):
    advice = advise({f"task{i}": task for i, task in enumerate(tasks)})
    assert advice.preset == preset
    assert advice.preset in list(Preset)


@pytest.mark.parametrize(
    ("gist", "task"),
    [
        ("1,234 training examples over 1 tasks", TaskFacts(C, 1234, 2, EASY)),
        ("topic has fewer than 6 examples a label", TaskFacts(C, 300, 60, EASY)),
        ("the words of topic are far from the backbone's vocabulary", TaskFacts(C, 400, 10, 2.5)),
        ("topic trains the embedding itself", TaskFacts(S, 100, 0, EASY)),
        ("topic needs features of words", TaskFacts(T, 300, 4, EASY)),
        ("so few examples a label teach the upper layers", TaskFacts(C, 300, 60, EASY)),
        ("heads that read a mix of layers", TaskFacts(T, 60, 12, EASY)),
        ("that is enough to train every layer", TaskFacts(C, 9000, 4, EASY)),
        ("so few examples would only distort the encoder", TaskFacts(C, 20, 2, EASY)),
        ("adapters in every layer learn more", TaskFacts(C, 100, 10, EASY)),
    ],
)
def test_the_reasons_name_what_decided(gist: str, task: TaskFacts):
    assert any(gist in reason for reason in advise({"topic": task}).reasons)


def test_the_size_is_that_of_all_tasks_together():
    half = TaskFacts(S, 2500, 0, EASY)
    assert advise({"a": half}).preset == "last_layers"
    assert advise({"a": half, "b": half}).preset == "full"


def test_one_scarce_task_among_others_is_named_and_does_not_decide():
    advice = advise({"few": TaskFacts(C, 20, 10, EASY), "many": TaskFacts(C, 2000, 4, EASY)})
    assert advice.preset == "full"
    assert "few has fewer than 6 examples a label" in advice.reasons


def test_a_new_task_beside_a_trained_head_leaves_the_encoder_alone():
    trained = TaskFacts(T, 300, 4, EASY, is_trained=True)
    advice = advise({"names": trained, "topic": TaskFacts(C, 400, 7, EASY)})
    assert advice.preset == "heads_only"
    assert any("trained head of names" in reason for reason in advice.reasons)
    assert advise({"names": trained}).preset == "full"


@pytest.mark.parametrize(
    ("gist", "task"),
    [
        ("the one given", TaskFacts(C, 400, 10, EASY)),
        ("multilingual", TaskFacts(C, 400, 10, 2.5)),
        ("reads longer texts, for topic", TaskFacts(C, 400, 10, EASY, cut=0.2)),
        ("the one given", TaskFacts(C, 400, 10, EASY, cut=0.01)),
    ],
)
def test_the_backbone_follows_words_and_lengths(gist: str, task: TaskFacts):
    assert gist in advise({"topic": task}).backbone
