from demo.palette import COLOURS, SYMBOLS, assign, symbol


def test_labels_of_one_task_differ_and_a_label_keeps_its_colour_across_tasks():
    colours = assign([["LOC", "ORG", "PER"], ["ORG", "DATE"]])
    assert len({colours[label] for label in ("LOC", "ORG", "PER")}) == 3
    assert colours["DATE"] != colours["ORG"]


def test_more_labels_than_colours_start_again():
    labels = [str(i) for i in range(len(COLOURS) + 3)]
    assert len(assign([labels])) == len(labels)


def test_colour_and_shape_together_tell_sixty_four_labels_apart():
    pairs = {(COLOURS[i % len(COLOURS)], symbol(i)) for i in range(len(COLOURS) * len(SYMBOLS))}
    assert len(pairs) == 64
