from demo.training.architecture import Architecture
from demo.views.guide import cosine_table, head_rows, nearest_labels, pieces, shares, trained_shares
from mtl.text.subwords import Subword
from tests.demo.fakes import FakeModel, analysis, entity


def test_every_head_has_a_row_and_so_has_the_embedding():
    text = "Ann runs"
    shown = head_rows(analysis(text, entities=[entity("PER", 0, 3, text)]), FakeModel.tasks, {})
    for part in ("topic", "sports", "Ann", "PER", "8 numbers"):
        assert part in shown


def test_what_trains_is_a_share_of_all_parameters():
    shown = trained_shares(Architecture(layers=2, embeddings=50, layer=25))
    assert shown == {"heads only": 0.0, "last 1": 0.25, "all layers": 0.5, "full": 1.0}


def test_shares_are_said_in_percent():
    assert "25%" in shares({"a": 0.25, "b": 0.75}, label="draws")


def test_the_words_that_were_cut_most_come_first():
    found = [Subword("a", 0, 1), Subword("bc", 2, 4), Subword("##d", 4, 5)]
    shown = pieces("a bcd", found)
    assert "1.50 sub-words per word" in shown
    assert shown.index("bcd") < shown.index("<code>a</code>")
    assert "Type a sentence" in pieces(" ", [])


def test_the_models_own_pooling_is_marked():
    assert "<strong>mean</strong>" in cosine_table({"mean": 0.5, "cls": 0.25}, own="mean")


def test_labels_come_with_the_nearest_first_and_as_text():
    shown = nearest_labels({"<b>far</b>": 0.1, "near": 0.75})
    assert shown.index("near") < shown.index("&lt;b&gt;far") and "0.750" in shown
