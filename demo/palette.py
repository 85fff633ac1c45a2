"""Colours that people with colour blindness can tell apart (Okabe and Ito, 2008), the same on every tab."""

from collections.abc import Iterable, Mapping, Sequence

BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
COLOURS = (BLUE, ORANGE, GREEN, VERMILLION, PURPLE, SKY, "#999999", "#B8A900")
SYMBOLS = ("circle", "square", "diamond", "cross", "x", "triangle-up", "triangle-down", "star")
LINES = ("solid", "dashed", "double", "dotted")
NEUTRAL = "#7A828C"

LabelColours = Mapping[str, str]


def assign(groups: Iterable[Iterable[str]]) -> dict[str, str]:
    """Assign a colour to every label; colours within a group differ as long as there are enough.

    Args:
        groups: the labels of each task, in the order of the tasks.
    """
    colours: dict[str, str] = {}
    for group in groups:
        labels = list(group)
        taken = {colours[label] for label in labels if label in colours}
        free = [colour for colour in COLOURS if colour not in taken] or list(COLOURS)
        fresh = [label for label in labels if label not in colours]
        colours.update({label: free[i % len(free)] for i, label in enumerate(fresh)})
    return colours


def symbol(index: int) -> str:
    """The marker shape at this position, shifted in each round so that colour and shape distinguish 64 labels."""
    return SYMBOLS[(index + index // len(COLOURS)) % len(SYMBOLS)]


def symbols(colours: Sequence[str]) -> tuple[str, ...]:
    """A marker shape for each label, chosen so that no two labels share both colour and shape while shapes last."""
    found: list[tuple[str, str]] = []
    for place, colour in enumerate(colours):
        shapes = [symbol(place), *SYMBOLS]
        found.append((colour, next((shape for shape in shapes if (colour, shape) not in found), shapes[0])))
    return tuple(shape for _, shape in found)


def line_in(colours: LabelColours, label: str) -> str:
    """The style of the line under a label, so that labels can be distinguished without colour."""
    return LINES[list(colours).index(label) % len(LINES)] if label in colours else LINES[0]
