"""The position of one sentence among the examples: a small SVG map, redrawn at every keystroke."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from demo.maps.reference_map import ReferenceMap
from demo.maps.similarity import Neighbour
from demo.palette import BLUE, NEUTRAL, SYMBOLS
from demo.views.message import shorten

_WIDTH, _HEIGHT, _MARGIN = 640, 320, 24
_RADIUS = 6.0


@dataclass(frozen=True, slots=True)
class QueryPoint:
    """The sentence on the map: its text, its embedding `(H,)`, and its nearest examples."""

    text: str
    vector: NDArray[np.float32]
    near: Sequence[Neighbour]


def place_map(reference: ReferenceMap, query: QueryPoint) -> str:
    """The examples as marks by class, the sentence as a star, the nearest examples ringed and numbered.

    A mark has its sentence in `data-text`, which the page shows and copies into the text box.
    """
    points, at = _pixels(reference.points, reference.place(query.vector))
    ringed = {near.index: number for number, near in enumerate(query.near, start=1)}
    marks = "".join(_mark(reference, index, points[index]) for index in range(len(points)))
    rings = "".join(_ring(points[index], number, at) for index, number in ringed.items())
    x, y = at
    return (
        f'<figure class="ph-place"><svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" '
        f'aria-label="{_summary(reference, query)}">'
        f'{rings}{marks}<g transform="translate({x:.1f} {y:.1f})"><path class="ph-query-point" d="{_STAR}"/></g></svg>'
        f"{_legend(reference)}</figure>"
    )


def _summary(reference: ReferenceMap, query: QueryPoint) -> str:
    nearest = f", nearest to: {shorten(reference.texts[query.near[0].index], 80)}" if query.near else ""
    return escape(f"Map of {len(reference.texts)} example sentences by PCA. This sentence is the star{nearest}")


def _pixels(
    points: NDArray[np.float32], query: NDArray[np.float32]
) -> tuple[list[tuple[float, float]], tuple[float, float]]:
    """Pixel positions; the frame depends on the examples only, so it does not move during typing."""
    low, high = points.min(axis=0), points.max(axis=0)
    span = np.where(high > low, high - low, 1.0)
    size = np.array([_WIDTH - 2 * _MARGIN, _HEIGHT - 2 * _MARGIN])

    def pixel(point: NDArray[np.float32]) -> tuple[float, float]:
        share = np.clip((point - low) / span, -0.03, 1.03)
        x, y = _MARGIN + share * size
        return float(x), float(_HEIGHT - y)

    return [pixel(point) for point in points], pixel(query)


def _mark(reference: ReferenceMap, index: int, at: tuple[float, float]) -> str:
    label = reference.labels[index] if reference.labels else ""
    text, (x, y) = escape(reference.texts[index]), at
    name = f" · {escape(label)}" if label else ""
    return (
        f'<g transform="translate({x:.1f} {y:.1f})"><path data-text="{text}" data-label="{escape(label)}" '
        f'fill="{_colour(reference, label)}" d="{_shape(reference, label)}"><title>{text}{name}</title></path></g>'
    )


def _ring(at: tuple[float, float], number: int, star: tuple[float, float]) -> str:
    (x, y), (sx, sy) = at, star
    return (
        f'<line class="ph-thread" x1="{sx:.1f}" y1="{sy:.1f}" x2="{x:.1f}" y2="{y:.1f}"/>'
        f'<circle class="ph-ring" cx="{x:.1f}" cy="{y:.1f}" r="{_RADIUS + 4:g}"/>'
        f'<text class="ph-rank" x="{x + 12:.1f}" y="{y - 8:.1f}">{number}</text>'
    )


def _legend(reference: ReferenceMap) -> str:
    if not reference.labels:
        return '<figcaption class="ph-legend"><span>example sentences</span></figcaption>'
    items = "".join(
        f'<span><svg viewBox="-8 -8 16 16" width="14" height="14" aria-hidden="true">'
        f'<path fill="{_colour(reference, label)}" d="{_shape(reference, label)}"/></svg>{escape(label)}</span>'
        for label in sorted(set(reference.labels), key=list(reference.colours).index)
    )
    return f'<figcaption class="ph-legend">{items}</figcaption>'


def _colour(reference: ReferenceMap, label: str) -> str:
    return reference.colours.get(label, NEUTRAL) if label else BLUE


def _shape(reference: ReferenceMap, label: str) -> str:
    return SHAPES[reference.symbols.get(label, SYMBOLS[0])]


def _polygon(corners: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in corners) + "Z"


def _points(count: int, radius: Callable[[int], float]) -> list[tuple[float, float]]:
    angles = [2 * np.pi * i / count - np.pi / 2 for i in range(count)]
    return [(radius(i) * float(np.cos(a)), radius(i) * float(np.sin(a))) for i, a in enumerate(angles)]


def _cross(arm: float, half: float) -> list[tuple[float, float]]:
    quarter = [(half, -arm), (half, -half), (arm, -half)]
    return [corner for turn in range(4) for corner in _turned(quarter, turn)]


def _turned(corners: Sequence[tuple[float, float]], turns: int) -> list[tuple[float, float]]:
    turned = list(corners)
    for _ in range(turns):
        turned = [(-y, x) for x, y in turned]
    return turned


def _rotated(corners: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    half = float(np.sqrt(0.5))
    return [((x - y) * half, (x + y) * half) for x, y in corners]


_R = _RADIUS
_STAR = _polygon(_points(10, lambda i: 15.0 if i % 2 == 0 else 6.5))
SHAPES = dict(
    zip(
        SYMBOLS,
        (
            f"M{-_R} 0a{_R} {_R} 0 1 0 {2 * _R} 0a{_R} {_R} 0 1 0 {-2 * _R} 0Z",
            _polygon([(-5.2, -5.2), (5.2, -5.2), (5.2, 5.2), (-5.2, 5.2)]),
            _polygon(_points(4, lambda _: 7.4)),
            _polygon(_cross(6.8, 2.2)),
            _polygon(_rotated(_cross(6.8, 2.2))),
            _polygon(_points(3, lambda _: 7.4)),
            _polygon([(x, -y) for x, y in _points(3, lambda _: 7.4)]),
            _polygon(_points(10, lambda i: 7.6 if i % 2 == 0 else 3.4)),
        ),
        strict=True,
    )
)
"""An outline around the origin for each marker shape of the palette."""
