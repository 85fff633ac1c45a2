"""Which encoders of the catalogue fit data: rules over a summary, each with the reason that it gives."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mtl.backbones.catalogue.entries import CATALOGUE
from mtl.backbones.catalogue.entry import CatalogueEntry, Domain
from mtl.backbones.catalogue.summary import DataSummary

_NAMED = 3
_OTHER_SCRIPT = 0.05  # share of letters
_TOKENS = 1.35  # sub-words and special tokens of a word of English
_MULTILINGUAL_TOKENS = 1.7
_SMALL, _LARGE = 1_000, 5_000  # training examples
_SLOW, _FAST = 0.7, 0.2  # weight of the cost: of a doubling, without and with an accelerator
_CHEAP, _DEAR = 2.5, 12.0  # costs that are worth a word
_SHORT = 256  # tokens that every encoder of some use reads
_NEIGHBOURS = {
    Domain.CLINICAL: {Domain.BIOMEDICAL},
    Domain.BIOMEDICAL: {Domain.CLINICAL, Domain.SCIENTIFIC},
}
_Finding = tuple[float, str]


@dataclass(frozen=True, slots=True)
class Recommendation:
    """An entry, and why it fits, what speaks against it included; each reason is a clause."""

    entry: CatalogueEntry
    reasons: tuple[str, ...]


def recommend(
    data: DataSummary, *, has_accelerator: bool = False, entries: Sequence[CatalogueEntry] = CATALOGUE
) -> tuple[Recommendation, ...]:
    """The three entries that fit best, the best one first; fewer where fewer can read the texts.

    Args:
        data: the summary of the texts.
        has_accelerator: whether the machine has one, where large encoders cost less time.
        entries: what may be chosen.
    """
    readable = [entry for entry in entries if entry.is_multilingual or not needs_languages(data)]
    scored = []
    for entry in readable:
        findings = [*_findings(entry, data), *_cost(entry, data, has_accelerator=has_accelerator)]
        reasons = tuple(reason for _, reason in findings if reason)
        scored.append((-sum(score for score, _ in findings), entry.name, Recommendation(entry, reasons)))
    return tuple(recommendation for *_, recommendation in sorted(scored, key=lambda one: one[:2])[:_NAMED])


def needs_languages(data: DataSummary) -> bool:
    """Whether an encoder for English alone cannot read the texts."""
    return data.non_latin > _OTHER_SCRIPT or not data.is_english


def _findings(entry: CatalogueEntry, data: DataSummary) -> Iterator[_Finding]:
    yield from _of_language(entry, data)
    yield from _of_domain(entry, data)
    yield from _of_length(entry, data)
    yield from _of_casing(entry, data)
    yield from _of_task(entry, data)
    if not entry.safetensors:
        yield -0.8, "its weights are a pickle, so it is converted once (see the Guide)"


def _of_language(entry: CatalogueEntry, data: DataSummary) -> Iterator[_Finding]:
    if not needs_languages(data):
        yield (-2.5, "much of its vocabulary is of other languages") if entry.is_multilingual else (0.0, "")
        return
    seen = f"{data.non_latin:.0%} of the letters are of other scripts than Latin"
    what = seen if data.non_latin > _OTHER_SCRIPT else "few of the words are frequent in English"
    yield 0.0, f"it reads {entry.languages}, and {what}"


def _of_domain(entry: CatalogueEntry, data: DataSummary) -> Iterator[_Finding]:
    general = (Domain.GENERAL, Domain.SENTENCES, Domain.MULTILINGUAL)
    if data.domain is not None and entry.domain is data.domain:
        yield 4.0, f"it was made for {entry.domain} texts, of which {', '.join(data.hints)} are a hint"
    elif data.domain is not None and entry.domain in _NEIGHBOURS.get(data.domain, ()):
        yield 1.0, f"it was made for {entry.domain} texts, which are near to {data.domain} ones"
    elif entry.domain not in general:
        yield -4.0, f"it was made for {entry.domain} texts"


def _of_length(entry: CatalogueEntry, data: DataSummary) -> Iterator[_Finding]:
    tokens = math.ceil(data.words * (_MULTILINGUAL_TOKENS if entry.is_multilingual else _TOKENS)) + 2
    if tokens > entry.max_length:
        yield (
            -1.0 - math.log2(tokens / entry.max_length),
            f"it reads {entry.max_length:,} tokens, and texts here have up to about {tokens:,}",
        )
    elif tokens > _SHORT:
        yield 0.5, f"it reads texts of {data.words:,} words whole"


def _of_casing(entry: CatalogueEntry, data: DataSummary) -> Iterator[_Finding]:
    if data.has_tagging and entry.cased:
        yield 1.5, "it distinguishes capital letters, which help to find names"
    elif data.has_tagging:
        yield -1.5, "it is uncased: capital letters, which help to find names, are lost"


def _of_task(entry: CatalogueEntry, data: DataSummary) -> Iterator[_Finding]:
    if entry.embeds_sentences and data.has_similarity:
        yield 2.0, "similar sentences are near each other in its embedding already"
    elif entry.embeds_sentences and data.examples < _SMALL:
        yield 1.5, "its trained sentence embedding needs few examples"
    elif entry.embeds_sentences:
        yield 0.5, "it is a sentence encoder"
    elif not data.has_tagging and data.examples < _SMALL:
        yield -0.5, ""


def _cost(entry: CatalogueEntry, data: DataSummary, *, has_accelerator: bool) -> Iterator[_Finding]:
    cost = entry.cost()
    weight = _FAST if has_accelerator else _SLOW
    if data.examples >= _LARGE and has_accelerator:
        weight = 0.0
    reason = f"a pass costs {cost:.0f} times one of MiniLM-L6" if cost >= _CHEAP else "it is small and fast"
    says_size = cost < _CHEAP or (cost > _DEAR and not has_accelerator) or not has_accelerator
    yield -weight * math.log2(cost), reason if says_size else ""
    if data.examples >= _LARGE and cost > _CHEAP:
        yield 0.5, f"{data.examples:,} examples are enough to train a model of this size"
