"""Sentences of a text."""

import regex

from mtl.text.words import Span

_SENTENCE_END = regex.compile(  # possessive, and never begun inside a run: linear in any text
    r"(?<![.!?…])(?P<mark>[.!?…]++)[\"'”’»)\]]*+\s++(?=[\"'“‘«(\[]*+[\p{Lu}\p{N}\p{Lo}])"
    r"|(?<![。！？])[。！？]++[”’」』）]*+\s*+|\n\s*+"
)
_ABBREVIATED = (
    "mr mrs ms dr prof st jr sr vs etc inc ltd co corp gen sen rep gov lt col capt sgt rev hon fig vol ed al approx "
    "dept est mt ft jan feb mar apr jun jul aug sep sept oct nov dec"
)
_ABBREVIATIONS = frozenset(_ABBREVIATED.split())
_LONGEST = 20  # characters of an abbreviation, dots and brackets included


def split_sentences(text: str) -> tuple[Span, ...]:
    """Cut a text after sentence ends and at line breaks; the sentences cover all of it, in order.

    A full stop after an initial, a dotted or a usual abbreviation ends none.
    """
    sentences: list[Span] = []
    start = 0
    for match in _SENTENCE_END.finditer(text):
        before = text[max(start, match.start() - _LONGEST) : match.start()]
        word = before[before.rfind(" ") + 1 :].lstrip("\"'“‘«([").lower()
        abbreviated = word in _ABBREVIATIONS or "." in word or (len(word) == 1 and word.isalpha())
        if match["mark"] == "." and abbreviated:
            continue
        sentences.append(Span(start, match.end()))
        start = match.end()
    return (*sentences, Span(start, len(text))) if start < len(text) or not sentences else tuple(sentences)
