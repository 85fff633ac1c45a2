"""Advice from every pair of features of the data."""

import dataclasses
from itertools import combinations, product

import pytest

from mtl.backbones.catalogue import CATALOGUE, DataSummary, Domain, recommend
from mtl.backbones.catalogue.advice import needs_languages

FEATURES = {
    "examples": (0, 80, 2_000, 50_000),
    "words": (0, 15, 350, 3_000),
    "non_latin": (0.0, 0.04, 0.2, 1.0),
    "is_english": (True, False),
    "domain": (None, *Domain),
    "has_tagging": (False, True),
    "has_similarity": (False, True),
}
PAIRS = [
    {first: a, second: b}
    for first, second in combinations(FEATURES, 2)
    for a, b in product(FEATURES[first], FEATURES[second])
]


def names(data, **how):
    return [found.entry.name for found in recommend(data, **how)]


@pytest.mark.parametrize("has_accelerator", [False, True])
def test_advice_holds_for_every_pair_of_features(has_accelerator):
    for pair in PAIRS:
        data = DataSummary(**pair, hints=("a", "b", "c"))
        found = recommend(data, has_accelerator=has_accelerator)
        assert len({one.entry.name for one in found}) == 3, pair
        for one in found:
            assert one.entry.is_multilingual or not needs_languages(data), pair
            assert one.reasons, pair
            assert all(reason and not reason[0].isupper() and reason[-1] != "." for reason in one.reasons)
            says_uncased = any("uncased" in reason for reason in one.reasons)
            assert says_uncased == (data.has_tagging and not one.entry.cased), pair
            assert one.entry.safetensors or any("pickle" in reason for reason in one.reasons), pair
        assert found == recommend(data, has_accelerator=has_accelerator, entries=CATALOGUE[::-1])


@pytest.mark.parametrize("domain", [d for d in Domain if d not in ("general", "sentences", "multilingual")])
@pytest.mark.parametrize("has_tagging", [False, True])
def test_a_hint_of_a_domain_leads_to_an_encoder_of_it(domain, has_tagging):
    data = DataSummary(3_000, 40, domain=domain, hints=("one", "two", "three"), has_tagging=has_tagging)
    for has_accelerator in (False, True):
        found = recommend(data, has_accelerator=has_accelerator)
        assert any(one.entry.domain is domain for one in found)
        is_large = domain is Domain.SOCIAL_MEDIA and not has_accelerator
        assert found[0].entry.domain is domain or has_tagging or is_large  # a cased or a smaller one may come first


def test_no_encoder_of_a_domain_is_named_without_a_hint_of_it():
    for words, has_tagging in product(FEATURES["words"], (False, True)):
        found = recommend(DataSummary(3_000, words, has_tagging=has_tagging))
        assert {one.entry.domain for one in found} <= {Domain.GENERAL, Domain.SENTENCES}


def test_long_texts_lead_to_encoders_that_read_them():
    for has_tagging in (False, True):
        first = recommend(DataSummary(3_000, 2_000, has_tagging=has_tagging))[0]
        assert first.entry.max_length >= 8_000
    clipped = recommend(DataSummary(3_000, 2_000, non_latin=1.0))
    assert all(any("tokens" in reason for reason in one.reasons) for one in clipped)


def test_a_machine_without_an_accelerator_gets_cheaper_encoders():
    for words, has_tagging in product((15, 350), (False, True)):
        data = DataSummary(20_000, words, has_tagging=has_tagging)
        slow, fast = (recommend(data, has_accelerator=has) for has in (False, True))
        assert sum(one.entry.cost() for one in slow) < sum(one.entry.cost() for one in fast)


def test_tagged_names_prefer_an_encoder_that_sees_capitals():
    assert recommend(DataSummary(500, 20, has_tagging=True))[0].entry.cased


def test_only_what_may_be_chosen_is_named():
    english = [entry for entry in CATALOGUE if not entry.is_multilingual]
    assert recommend(DataSummary(non_latin=1.0), entries=english) == ()
    assert recommend(DataSummary(), entries=english[:1])[0].entry is english[0]
    assert recommend(DataSummary(), entries=()) == ()


def test_the_advice_changes_nothing_that_it_is_given():
    data = DataSummary(10, 20)
    before = dataclasses.replace(data)
    recommend(data)
    assert data == before
