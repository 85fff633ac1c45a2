"""Tags as files have them, made those of one scheme: prefixes in lower case, types without a prefix, numbers."""

import re
from collections.abc import Mapping, Sequence

from mtl.data.place import ReadLog
from mtl.errors import DataError
from mtl.labels import OUTSIDE, split_tag, to_bio2

_LOWER = re.compile(r"[biesluBIESLU]-.*\S")

_SEVERAL = re.compile(r"[,;|](?=[BIESLU]-\S)")
_HAS_PREFIX = re.compile(r".?-|[BIESLU][_:]|\d+$")


class TagScheme:
    """Reads the tags of a file.

    Args:
        sentences: all tags of the file.
        rename: entity types to read as another one, or as `O` for none; or whole tags.
        log: is told what was not as usual.
        name: of the file, for notes.
    """

    def __init__(self, sentences: Sequence[Sequence[str]], rename: Mapping[str, str], log: ReadLog, name: str) -> None:
        self._rename = rename
        distinct = {self._given(tag) for tags in sentences for tag in tags}
        several = next((tag for tag in sorted(distinct) if _SEVERAL.search(tag)), None)
        if several is not None:
            log.note(f"{name}: of tags that name several types, such as {several}, the first is read")
        marked = {tag for tag in distinct if tag.upper() != OUTSIDE}
        self._bare = bool(marked) and not any(_HAS_PREFIX.match(tag) or not tag.strip() for tag in marked)
        if self._bare:
            log.note(f"{name}: tags are types without B- and I-: neighbouring words of one type are one entity")
        elif marked and all(tag[:2].upper() == "I-" for tag in marked):
            log.note(f"{name}: no tag begins with B-: neighbouring words of one type are one entity")
        if any(tag == "o" or (_LOWER.fullmatch(tag) and tag[0].islower()) for tag in distinct):
            log.note(f"{name}: tags in lower case (b-, i-, o) are read as B-, I- and O")

    def bio2(self, tags: Sequence[str]) -> tuple[str, ...]:
        """The tags of one sentence.

        Raises:
            DataError: a tag is of no scheme.
        """
        return to_bio2([self._one(tag) for tag in tags])

    def _given(self, tag: str) -> str:
        """A whole tag that the recipe renames, such as a number, first."""
        return self._rename.get(tag, tag) if tag.isdecimal() else tag

    def _one(self, tag: str) -> str:
        tag = _SEVERAL.split(self._given(tag))[0]
        if tag.isdecimal():
            raise DataError(
                f"a tag is O, B-TYPE or I-TYPE, was the number {tag}, whose name the file lacks: "
                "give map_labels {0: O, 1: B-TYPE, …}"
            )
        if tag == "o":
            tag = OUTSIDE
        elif _LOWER.fullmatch(tag):
            tag = tag[0].upper() + tag[1:]
        elif self._bare and tag != OUTSIDE:
            tag = f"I-{tag}"
        prefix, name = split_tag(tag)
        outside = prefix == OUTSIDE or self._rename.get(name) == OUTSIDE
        return OUTSIDE if outside else f"{prefix}-{self._rename.get(name, name)}"
