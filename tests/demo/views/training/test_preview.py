from demo.inputs.columns import TablePreview
from demo.views.training.preview import table_preview, tagged_preview
from mtl.data import TaggedText
from mtl.text import WordedText, split_words


def test_cells_are_escaped_and_shortened():
    html = table_preview(TablePreview(("<i>",), (("<b>" + "x" * 500,),)))
    assert "&lt;i&gt;" in html and "&lt;b&gt;xxx" in html
    assert "x" * 200 not in html


def test_entities_are_marked_where_they_stand():
    text = "Ann & Bo live in Bern"
    tagged = TaggedText(WordedText(text, split_words(text)), ("B-PER", "O", "B-PER", "O", "O", "B-LOC"))
    html = tagged_preview([tagged])
    assert html.count("<mark") == 3
    assert "Ann<b>PER</b></mark> &amp; <mark" in html
