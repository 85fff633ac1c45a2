from demo.links import Link, read_link, remember

MODELS = ["starter", "backbone"]
GUIDES = ["pooling", "heads"]


def test_a_link_brings_back_model_sentence_and_page_of_the_guide():
    query = {"model": "backbone", "sentence": "Bern is a city", "guide": "heads"}
    assert read_link(query, MODELS, GUIDES) == Link("backbone", "Bern is a city", "heads")


def test_what_this_page_does_not_have_is_left_alone():
    assert read_link({"model": "run:x", "sentence": "  ", "guide": "x"}, MODELS, GUIDES) == Link(None, None, None)


def test_a_long_sentence_of_a_link_is_shortened():
    assert len(read_link({"sentence": "x" * 5000}, MODELS, GUIDES).sentence or "") == 1000


def test_a_usual_value_is_quoted_in_the_script():
    assert r"\"</script>" in remember("sentence", unless='"</script>')
