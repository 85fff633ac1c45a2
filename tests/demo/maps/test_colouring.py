import dataclasses

from demo.answers.passes import label_colours
from demo.maps.colouring import CLUSTER, LABEL, ONE_COLOUR, colour_choices, colouring
from demo.palette import NEUTRAL
from tests.demo.answers.test_embedded import result

LABELLED = result(6, ("b", "a", "a", "sports", "a", "b"))


def test_labels_come_first_and_a_file_without_labels_has_no_such_choice():
    assert colour_choices(LABELLED) == [LABEL, "topic", "entities", CLUSTER, ONE_COLOUR]
    assert LABEL not in colour_choices(result(2))


def test_groups_of_labels_stand_in_the_order_of_their_size():
    found = colouring(LABELLED, LABEL, clusters=2)
    assert found.names == ("a", "b", "sports")
    assert [found.names[i] for i in found.of] == list(LABELLED.labels or ())
    assert len(set(found.colours)) == len(set(found.symbols)) == 3


def test_a_label_of_a_task_has_the_colour_that_it_has_on_every_tab():
    found = colouring(LABELLED, LABEL, clusters=2)
    assert found.colours[2] == label_colours(LABELLED.tasks)["sports"]


def test_predictions_and_missing_entities_are_groups():
    assert colouring(LABELLED, "topic", clusters=2).names == ("sports",)
    assert colouring(LABELLED, "entities", clusters=2).colours == (NEUTRAL,)


def test_many_labels_are_told_apart_as_far_as_possible_and_the_rest_is_named():
    many = dataclasses.replace(result(60), labels=tuple(f"label {i}" for i in range(60)))
    found = colouring(many, LABEL, clusters=2)
    assert len(found.names) == 24
    assert found.names[-1] == "other labels"


def test_what_these_sentences_cannot_be_coloured_by_gives_one_colour():
    assert colouring(result(3), LABEL, clusters=2).names == ()
    assert colouring(result(3), "an old task", clusters=2).of == (0, 0, 0)
