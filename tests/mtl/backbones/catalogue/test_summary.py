"""What texts say of themselves."""

import pytest

from mtl.backbones.catalogue import DataSummary, Domain, combined, summarise

ENGLISH = "The driver of the bus told us that there was no room for more of our bags. "
GERMAN = "Der Fahrer des Busses sagte uns gestern, dass kein Platz mehr für unsere Taschen sei. "
TEXTS = {
    Domain.FINANCE: "Quarterly revenue rose and the dividend of the shares is paid to every shareholder.",
    Domain.CLINICAL: "The patient was discharged without pain; the prescribed dose is 5 mg after surgery.",
    Domain.BIOMEDICAL: "The receptor protein activates a kinase pathway in these cells and mice.",
    Domain.LEGAL: "The licensee shall pay under this agreement, and the court has jurisdiction.",
    Domain.SCIENTIFIC: "We propose a novel method and evaluate the model on a dataset against a baseline.",
    Domain.CODE: "def add(self, value): return self.total + len(value)",
    Domain.SOCIAL_MEDIA: "@anna lol that game was so good #winning",
}


@pytest.mark.parametrize("domain", TEXTS)
def test_words_of_a_domain_are_a_hint_of_it(domain):
    found = summarise([TEXTS[domain]] * 5)
    assert found.domain is domain
    assert found.hints
    assert found.is_english


def test_plain_english_hints_at_nothing():
    assert summarise([ENGLISH] * 20) == DataSummary(20, 18)


@pytest.mark.parametrize("text", ["Поезд опоздал на час.", "電車が遅れました。", "तेज हवा चली।", "القطار متأخر."])
def test_letters_of_other_scripts_are_counted(text):
    assert summarise([text]).non_latin == 1.0
    assert 0 < summarise([text, ENGLISH]).non_latin < 1


def test_another_language_in_latin_script_is_told_from_english():
    assert not summarise([GERMAN] * 10).is_english
    assert summarise([ENGLISH] * 10).is_english
    assert summarise(["Bus", "Platz"]).is_english  # too few words to tell


@pytest.mark.parametrize("texts", [[], [""], ["  ", "\u200e"], ["123 ... 456"]])
def test_texts_without_words_say_nothing(texts):
    found = summarise(texts)
    assert (found.non_latin, found.is_english, found.domain) == (0.0, True, None)


def test_the_length_is_that_of_nearly_all_texts():
    assert summarise(["one two three"] * 99 + ["word " * 500]).words == 3
    assert summarise(["one two three"] * 9 + ["word " * 500]).words == 500


def test_the_number_of_examples_may_be_told():
    assert summarise(["a text"], examples=7_000).examples == 7_000


def test_several_tasks_need_what_any_of_them_needs():
    plain, russian = summarise([ENGLISH] * 3), summarise(["Поезд опоздал."], has_tagging=True)
    both = combined([plain, russian])
    assert both == combined([russian, plain])
    assert (both.examples, both.non_latin, both.has_tagging) == (4, 1.0, True)
    assert combined([]) == DataSummary()


def test_a_domain_counts_where_most_of_the_examples_are_of_it():
    legal, plain = summarise([TEXTS[Domain.LEGAL]] * 10), summarise([ENGLISH] * 10)
    assert combined([legal, plain]).domain is None
    assert combined([legal, summarise([ENGLISH] * 9)]).domain is Domain.LEGAL


def test_a_domain_may_be_spread_over_tasks():
    finance, legal = summarise([TEXTS[Domain.FINANCE]] * 60), summarise([TEXTS[Domain.LEGAL]] * 100)
    assert combined([finance, finance, legal]).domain is Domain.FINANCE
    assert combined([finance, legal, legal]).domain is Domain.LEGAL
