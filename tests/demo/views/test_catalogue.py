"""The catalogue as HTML."""

import re

from demo.views.catalogue import catalogue_table, choice_label, facts_line, recommendations
from mtl.backbones.catalogue import CATALOGUE, DataSummary, Domain, Recommendation, find_entry, recommend


def test_the_table_has_a_row_for_every_entry():
    shown = catalogue_table()
    assert shown.count("<tr>") == 1 + len(CATALOGUE)
    assert all(f'href="{entry.source}"' in shown for entry in CATALOGUE)


def test_the_facts_of_an_entry_are_on_one_line():
    for entry in CATALOGUE:
        line = facts_line(entry)
        assert all(fact in line for fact in (entry.domain, entry.licence, f"{entry.max_length:,} tokens"))
        assert ("uncased" in line) != entry.cased
    assert "Not in the catalogue" in facts_line(None)


def test_a_label_names_domain_and_size():
    entry = find_entry("FacebookAI/roberta-large")
    assert entry is not None
    assert choice_label(entry) == "general: FacebookAI/roberta-large (354.3 M)"


def test_each_recommendation_that_loads_has_a_button_and_its_reasons():
    found = recommend(DataSummary(3_000, 40, domain=Domain.FINANCE, hints=("stock", "bond", "loan")))
    shown = recommendations(found)
    assert re.findall(r'data-backbone="([^"]+)"', shown) == [o.entry.name for o in found if o.entry.safetensors]
    assert any(not one.entry.safetensors for one in found)
    assert "stock, bond, loan are a hint" in shown
    assert shown.count("<li>") == len(found)
    assert recommendations(()) == ""


def test_words_of_the_data_are_shown_as_text():
    shown = recommendations([Recommendation(CATALOGUE[0], ("<script>alert(1)</script>",))])
    assert "<script>" not in shown
