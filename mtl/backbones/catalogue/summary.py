"""What the advice looks at in data: how long the texts are, their script, and hints of their language and domain.

The hints are short lists of words, no detection: a text of another domain may use them, and many texts of a domain do
not. They are shown as hints.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice

import regex

from mtl.backbones.catalogue.entry import Domain
from mtl.text import split_words

_READ = 2_000  # texts
_CHARACTERS = 20_000  # of a text
_LONG = 0.95  # quantile of the words of a text
_FEWEST = 100  # words that tell a language
_ENGLISH = 0.12  # share of words from `_FUNCTION_WORDS`; prose has about 0.35, other languages in Latin script 0.05
_FEWEST_HINTS = 3  # different words of a domain
_HINTED = 0.02  # share of words
_LETTER, _LATIN = regex.compile(r"\p{L}"), regex.compile(r"\p{Latin}")
_FREQUENT = (
    "a about after all an and are as at be been but by can could for from had has have he her his how i if in into is "
    "it its more my no not of on one or our she so than that the their them there they this to up was we were what "
    "when which who will with would you your"
)
_FUNCTION_WORDS = frozenset(_FREQUENT.split())
_HINTS = {
    Domain.FINANCE: "bank bond bonds dividend earnings equity fiscal fund hedge inflation investor investors ipo loan "
    "margin portfolio profit quarterly revenue securities shareholder shareholders shares stock stocks yield",
    Domain.CLINICAL: "admission admitted bp clinic denies diagnosis discharge discharged dose dyspnea ecg edema mg "
    "nurse pain patient patients prescribed surgery symptoms tablet ward",
    Domain.BIOMEDICAL: "antibody assay bacteria cell cells dna enzyme gene genes genome kinase mice molecular "
    "mutation pathway protein proteins receptor rna tumor tumour vitro",
    Domain.LEGAL: "agreement appellant article clause contract court defendant hereby herein hereinafter jurisdiction "
    "liability licensee party pursuant plaintiff shall statute thereof tribunal warranty",
    Domain.SCIENTIFIC: "abstract algorithm approach baseline citation dataset datasets empirical equation evaluate "
    "experiments framework hypothesis method model novel outperforms paper propose proposed results theorem",
    Domain.CODE: "args assert bool class const def elif else enum false for function getattr if import int len null "
    "none print public return self static str struct true var void while",
    Domain.SOCIAL_MEDIA: "dm fyp gonna haha hashtag idk imo lmao lol omg pls rt smh tbh tweet u ur wanna wtf yall",
}
_DOMAIN_OF = {domain: frozenset(words.split()) for domain, words in _HINTS.items()}
_SYNTAX = re.compile(r"[{};]|\w\(|==|=>|\b(?:def|class|import|return) ")
_HANDLE = re.compile(r"(?:^|\s)[@#]\w|https?://t\.co/")


@dataclass(frozen=True, slots=True)
class DataSummary:
    """Facts of the data of one run.

    `words` is the number of words that 95 % of the texts do not exceed, `non_latin` the share of letters in other
    scripts, `is_english` a guess from frequent words, `domain` a hint from `hints`, the words that were found.
    """

    examples: int = 0
    words: int = 0
    non_latin: float = 0.0
    is_english: bool = True
    domain: Domain | None = None
    hints: tuple[str, ...] = ()
    has_tagging: bool = False
    has_similarity: bool = False


def summarise(
    texts: Iterable[str], *, examples: int | None = None, has_tagging: bool = False, has_similarity: bool = False
) -> DataSummary:
    """Summarise texts; the first 2,000 are looked at. `examples` is their number, where there are more."""
    read = [text[:_CHARACTERS] for text in islice(texts, _READ)]
    letters = sum(len(_LETTER.findall(text)) for text in read)
    latin = sum(len(_LATIN.findall(text)) for text in read)
    split = [[text[word.start : word.end] for word in split_words(text)] for text in read]
    counts = sorted(len(words) for words in split)
    words = [word.lower() for words in split for word in words if word[:1].isalpha()]
    domain, hints = _domain(read, words)
    function_words = sum(word in _FUNCTION_WORDS for word in words)
    is_english = domain is Domain.CODE or len(words) < _FEWEST or function_words / len(words) >= _ENGLISH
    return DataSummary(
        examples=len(read) if examples is None else examples,
        words=counts[min(len(counts) - 1, math.ceil(_LONG * len(counts)) - 1)] if counts else 0,
        non_latin=max(0.0, 1 - latin / letters) if letters else 0.0,
        is_english=is_english,
        domain=domain,
        hints=hints,
        has_tagging=has_tagging,
        has_similarity=has_similarity,
    )


def combined(parts: Sequence[DataSummary]) -> DataSummary:
    """The summary of several tasks, which share one encoder: it has to read what any of them needs."""
    if not parts:
        return DataSummary()
    of_domain = Counter[Domain]()
    for part in parts:
        if part.domain is not None:
            of_domain[part.domain] += part.examples
    domain, of_most = max(of_domain.items(), key=lambda item: item[1], default=(None, 0))
    hinted = max((part for part in parts if part.domain is domain), key=lambda part: part.examples)
    is_majority = 2 * of_most > sum(part.examples for part in parts)
    return DataSummary(
        examples=sum(part.examples for part in parts),
        words=max(part.words for part in parts),
        non_latin=max(part.non_latin for part in parts),
        is_english=all(part.is_english for part in parts),
        domain=domain if is_majority else None,
        hints=hinted.hints if is_majority else (),
        has_tagging=any(part.has_tagging for part in parts),
        has_similarity=any(part.has_similarity for part in parts),
    )


def _domain(texts: Sequence[str], words: Sequence[str]) -> tuple[Domain | None, tuple[str, ...]]:
    """The domain with most hints, and up to four of its words that were found, the most frequent ones first."""
    if not words:
        return None, ()
    found = {domain: [word for word in words if word in known] for domain, known in _DOMAIN_OF.items()}
    if sum(bool(_SYNTAX.search(text)) for text in texts) < len(texts) / 4:
        found[Domain.CODE] = []  # its words are words of English too
    handles = sum(bool(_HANDLE.search(text)) for text in texts)
    if handles >= max(_FEWEST_HINTS, len(texts) / 5):
        return Domain.SOCIAL_MEDIA, ("@", "#")
    domain = max(found, key=lambda name: len(found[name]))
    distinct = sorted(set(found[domain]), key=lambda word: (-found[domain].count(word), word))
    if len(distinct) < _FEWEST_HINTS or len(found[domain]) < _HINTED * len(words):
        return None, ()
    return domain, tuple(distinct[:4])
