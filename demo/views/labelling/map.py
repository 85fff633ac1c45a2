"""The map of a project: the colours of answers and guesses, and what a lasso with a label would change."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

import numpy as np

from demo import palette
from demo.maps.colouring import Colouring
from demo.views import message
from demo.views.labelling.card import label_colours
from demo.views.labelling.counting import count_of, pairs
from demo.views.message import shorten
from demo.views.tables import Cell, Column, Html, table
from mtl.labelling import Answer, Guess, Preview, ProjectSpec
from mtl.labelling.pairs import pair_of

NO_SELECTION = "Draw a lasso around texts that belong together, then choose their label."
NO_GROUP = "Draw a lasso around texts that mean the same: they become a group, and their pairs answers."
NO_ANSWER, SEVERAL, NONE = "not labelled", "several labels", "no label"
ALONE, SMALLER = "in no group", "smaller groups"
_SHOWN = 12
_GROUPS = 8
"""With a colour of their own."""


class ColourBy(StrEnum):
    """What the colours of the map mean."""

    BOTH = "answers and guesses"
    ANSWERS = "answers"


def colours_of(
    spec: ProjectSpec, answers: Mapping[int, Answer], guesses: Sequence[Guess | None], by: ColourBy
) -> Colouring:
    """The group of each text: its label by an answer, else by a guess where these are wanted."""
    colours = {**label_colours(spec), **dict.fromkeys((NO_ANSWER, SEVERAL, NONE), palette.NEUTRAL)}
    found = []
    for number, guess in enumerate(guesses):
        answer = answers.get(number)
        if answer is None and guess is not None and by is ColourBy.BOTH:
            answer = guess.answer
        found.append(_group(answer))
    present = set(found)
    names = tuple(name for name in (*spec.names, SEVERAL, NONE, NO_ANSWER) if name in present)
    place = {name: i for i, name in enumerate(names)}
    own = tuple(colours[name] for name in names)
    return Colouring(by, tuple(place.get(name, 0) for name in found), names, own, palette.symbols(own))


def colours_of_groups(groups: Sequence[Sequence[int]], count: int) -> Colouring:
    """The group of each of so many texts, the largest ones by a number."""
    of = np.full(count, -1)
    for place, group in enumerate(groups):
        of[list(group)] = min(place, _GROUPS)
    own = [f"group {place + 1}" for place in range(min(len(groups), _GROUPS))]
    names = (*own, *([SMALLER] if len(groups) > _GROUPS else []), ALONE)
    known = {**palette.assign([own]), SMALLER: palette.NEUTRAL, ALONE: palette.NEUTRAL}
    colours = tuple(known[name] for name in names)
    places = np.where(of < 0, len(names) - 1, of)
    return Colouring("groups", tuple(places.tolist()), names, colours, palette.symbols(colours))


def preview_of_group(preview: Preview, selected: int, guesses: Mapping[int, Guess | None], texts: Sequence[str]) -> str:
    """How many pairs make selected texts a group, and which of these pairs were or are seen as different."""
    if not preview.answers:
        return message.note(f"{count_of(selected)} selected · they are one group already")
    parts = [f"{count_of(selected)} selected", f"{pairs(len(preview.answers))} would be answered same"]
    parts += [f"{len(preview.changed):,} answered different before"] if preview.changed else []
    line = message.note(" · ".join(parts))
    against = [(number, "you said different") for number in preview.changed]
    against += [(number, f"the model sees different ({_sure(guesses.get(number))})") for number in preview.disagreeing]
    if not against:
        return line
    rows: list[list[Cell | Html]] = [
        [*(shorten(texts[text], 80) for text in pair_of(number)), why] for number, why in against[:_SHOWN]
    ]
    columns = [Column("text"), Column("other text"), Column("but")]
    title = f"{pairs(len(against))} of these {'disagrees' if len(against) == 1 else 'disagree'}:"
    shown = table(columns, rows, caption="Pairs that were or are seen as different")
    return line + message.note(title) + shown + message.first_of(len(against), _SHOWN)


def preview_of(preview: Preview, label: str, guesses: Mapping[int, Guess | None], texts: Sequence[str]) -> str:
    """How many texts would get a label, and those of which the model sees another one."""
    parts = [f"{len(preview.answers):,} selected", f"{len(preview.added):,} would be labelled {label}"]
    parts += [f"{len(preview.same):,} already are"] if preview.same else []
    parts += [f"{len(preview.changed):,} would change"] if preview.changed else []
    line = message.note(" · ".join(parts))
    if not preview.disagreeing:
        return line
    rows: list[list[Cell | Html]] = [
        [shorten(texts[number], 120), _guess_in_words(guesses.get(number)), _sure(guesses.get(number))]
        for number in preview.disagreeing[:_SHOWN]
    ]
    columns = [Column("text"), Column("the model sees"), Column("sure", number=True)]
    title = f"Of {len(preview.disagreeing):,} of these the model sees another label:"
    shown = table(columns, rows, caption="Texts of which the model sees another label")
    return line + message.note(title) + shown + message.first_of(len(preview.disagreeing), _SHOWN)


def _group(answer: Answer | None) -> str:
    if answer is None:
        return NO_ANSWER
    if isinstance(answer, str):
        return answer
    labels = [one for one in answer if isinstance(one, str)]
    return labels[0] if len(labels) == 1 else SEVERAL if labels else NONE


def _guess_in_words(guess: Guess | None) -> str:
    if guess is None:
        return "–"
    if isinstance(guess.answer, str):
        return guess.answer
    return ", ".join(one for one in guess.answer if isinstance(one, str)) or NONE


def _sure(guess: Guess | None) -> str:
    return "–" if guess is None else f"{100 * guess.confidence:.0f} %"
