"""Labelled texts that a linear head on a tiny random encoder can learn: one word decides each label."""

from mtl.data import LabelledText, MultiLabelText
from mtl.data.examples import TaggedText, tagged
from mtl.labels import TypedSpan

PLACES = {"film": "the film was {}", "river": "a {} river in the moon", "bank": "he loves the {} bank"}
WORDS = ("good", "bad", "great", "awful", "new", "old", "one", "two")
NAMES = {"PER": ("anna", "tom", "maria"), "LOC": ("paris", "rome", "berlin")}
LONG = " ".join(["the team won the match and the vote was good."] * 12)
"""Longer than a window of the tiny encoders."""


def classes() -> list[LabelledText]:
    return [LabelledText(text.format(word), label) for label, text in PLACES.items() for word in WORDS]


def sets() -> list[MultiLabelText]:
    texts = [(text.format(word), label, word) for label, text in PLACES.items() for word in WORDS]
    praised = [{label, "praise"} if word in ("good", "great") else {label} for _, label, word in texts]
    return [MultiLabelText(text, tuple(sorted(own))) for (text, *_), own in zip(texts, praised, strict=True)]


def spans() -> list[TaggedText]:
    found = []
    for person in NAMES["PER"]:
        for place in NAMES["LOC"]:
            text = f"{person} met the bank in {place} with old {person}"
            at = text.index(place)
            ends = [(0, len(person), "PER"), (at, at + len(place), "LOC"), (len(text) - len(person), len(text), "PER")]
            found.append(tagged(text, [TypedSpan(*one) for one in ends]))
    return found


DATA = {"place": classes, "sets": sets, "names": spans}
