"""What the first records of an annotation tool's file settle for all: the field of the text, and what is marked."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import regex

_FILE = r"\S+\.(jpe?g|png|gif|wav|mp3|mp4|pdf)"
_ADDRESS = re.compile(rf"\s*(\w+://\S+|\S*[/\\]\S*\.\w{{1,5}}|{_FILE}|data:\S+)[^\n]{{0,40}}", re.IGNORECASE)
_LETTER = regex.compile(r"\p{L}")


@dataclass(frozen=True, slots=True)
class Holds:
    """Whether the records have spans, and whether they have classes."""

    spans: bool
    classes: bool

    def marks(self, spans: object, classes: object) -> dict[str, object]:
        """The columns of one record; None stands for what it lacks.

        An empty list counts only where records have something of that kind, or nothing of the other one: a text
        without a class is not a text whose entities somebody looked for.
        """
        found: dict[str, object] = {}
        if spans is not None and (spans or self.spans or not self.classes):
            found["spans"] = spans
        if classes is not None and (classes or self.classes or not self.spans):
            found["label"] = classes
        return found


def text_field(records: Sequence[Mapping[str, object]], preferred: Sequence[str] = ("text",)) -> str:
    """The field of the text: the first preferred one that is there, else the one with most letters; empty if none is.

    Fields that name files or pages throughout, such as images, are no texts.
    """
    letters: Counter[str] = Counter()
    addresses: Counter[str] = Counter()
    for record in records:
        for name, value in record.items():
            if isinstance(value, str) and value.strip() and name.lower() != "id":
                letters[name] += len(_LETTER.findall(value))
                addresses[name] += 1 if _ADDRESS.fullmatch(value) else -len(records)
    texts = {name: count for name, count in letters.items() if addresses[name] <= 0}
    known = [name for name in preferred if name in texts]
    return known[0] if known else max(texts, key=lambda name: texts[name], default="")
