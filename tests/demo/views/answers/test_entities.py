import re

from demo.views.answers.entities import counts, entity_cards, entity_table, highlighted, wrong_cards
from mtl.labels import TypedSpan
from tests.demo.fakes import analysis, entity

TEXT = "Ann <b>met</b> Siemens & Söhne 😀 in Bern"
COLOURS = {"PER": "#111111", "ORG": "#222222", "LOC": "#333333"}


def of(kind: str, word: str):
    return entity(kind, TEXT.index(word), TEXT.index(word) + len(word), TEXT)


def plain(html: str) -> str:
    return re.sub(r"<b>[A-Z]+</b>|</?(mark|p)[^>]*>", "", html)


def test_the_text_is_whole_and_escaped_and_each_span_has_type_and_colour():
    html = highlighted(TEXT, [of("PER", "Ann"), of("ORG", "Siemens & Söhne"), of("LOC", "Bern")], COLOURS)
    assert plain(html) == "Ann &lt;b&gt;met&lt;/b&gt; Siemens &amp; Söhne 😀 in Bern"
    assert re.findall(r'data-type="(\w+)"', html) == ["PER", "ORG", "LOC"]
    assert html.count("#222222") == 1


def test_overlapping_and_unsorted_spans_never_repeat_text():
    html = highlighted(TEXT, [of("LOC", "Bern"), of("ORG", "Siemens & Söhne"), of("PER", "Söhne")], COLOURS)
    assert plain(html).count("Söhne") == 1
    assert re.findall(r'data-type="(\w+)"', html) == ["ORG", "LOC"]


def test_a_text_without_entities_is_shown_as_it_is():
    assert plain(highlighted("<x>", [], {})) == "&lt;x&gt;"


def test_the_table_gives_span_type_score_and_offsets():
    html = entity_table([analysis(TEXT, entities=[of("LOC", "Bern")])], COLOURS)
    start = TEXT.index("Bern")
    for piece in (">Bern<", "LOC", "0.90", f"{start}–{start + 4}"):
        assert piece in html
    assert ">no.<" not in html
    assert ">no.<" in entity_table([analysis(TEXT, entities=[of("LOC", "Bern")]), analysis("b")], COLOURS)


def test_no_entity_is_said_in_words():
    assert "No entities found" in entity_table([analysis("b")], COLOURS)


def test_every_tagging_task_has_its_card():
    assert entity_cards([analysis("a"), analysis("b")], COLOURS).count("<section") == 1


def test_a_span_outside_the_text_or_without_characters_is_not_marked():
    wrong = [entity("PER", 5, 5, TEXT), entity("PER", -3, 2, TEXT), entity("PER", 10, 10_000, TEXT)]
    assert plain(highlighted(TEXT, wrong, COLOURS)) == plain(highlighted(TEXT, [], COLOURS))


def test_types_differ_in_the_line_under_them():
    html = highlighted(TEXT, [of("PER", "Ann"), of("ORG", "Siemens & Söhne"), of("LOC", "Bern")], COLOURS)
    assert len(set(re.findall(r"border-bottom-style:(\w+)", html))) == 3


def test_types_are_counted():
    html = counts([analysis(TEXT, entities=[of("LOC", "Bern"), of("PER", "Ann")]), analysis("b")], COLOURS)
    assert re.findall(r"(PER|LOC)</span> <b>(\d)</b>", html) == [("LOC", "1"), ("PER", "1")]


def test_a_text_that_is_wrong_shows_the_right_spans_too():
    html = wrong_cards([(3, analysis(TEXT), [TypedSpan(0, 3, "PER")])], "entities", COLOURS, total=1)
    assert "gold: Ann PER" in html
    assert 'data-row="3"' in html
    assert wrong_cards([], "entities", COLOURS, total=0) == ""
