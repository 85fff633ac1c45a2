from demo.palette import COLOURS, SYMBOLS, assign, symbols


def test_labels_of_one_task_differ_and_a_label_keeps_its_colour_across_tasks():
    colours = assign([["LOC", "ORG", "PER"], ["ORG", "DATE"]])
    assert len({colours[label] for label in ("LOC", "ORG", "PER")}) == 3
    assert colours["DATE"] != colours["ORG"]


def test_more_labels_than_colours_start_again():
    labels = [str(i) for i in range(len(COLOURS) + 3)]
    assert len(assign([labels])) == len(labels)


def test_colour_and_shape_together_tell_sixty_four_labels_apart():
    colours = [COLOURS[i % len(COLOURS)] for i in range(len(COLOURS) * len(SYMBOLS))]
    assert len(set(zip(colours, symbols(colours), strict=True))) == 64
    assert symbols(colours)[:8] == SYMBOLS


def test_a_colour_that_comes_again_sooner_gets_another_shape():
    labels = [
        "cooking",
        "space",
        "football",
        "music",
        "money",
        "weather",
        "gardening",
        "medicine",
        "software",
        "travel",
    ]
    colours = assign([["travel"], labels])
    own = [colours[label] for label in labels]
    assert len(set(zip(own, symbols(own), strict=True))) == len(labels)
