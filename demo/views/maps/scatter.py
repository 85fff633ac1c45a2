"""The map of sentences: a canvas that is panned, hovered, clicked and lassoed, and what Python hands to it."""

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr
import numpy as np
from numpy.typing import NDArray

from demo.assets import ASSETS
from demo.maps.colouring import Colouring
from demo.views.message import shorten

_FOLDER = ASSETS / "scatter"
LIMIT = 20_000
"""Points on a map; of more sentences a sample is drawn."""
STYLE = _FOLDER / "map.css"

_SCRIPTS = ("state.js", "draw.js", "input.js")
_TEXT = 200


@dataclass(frozen=True)
class MapPoints:
    """Points `(M, 2)` of a drawn sample of sentences, by their places in that sample; `before` for another map's."""

    points: NDArray[np.float32]
    places: NDArray[np.int32]
    title: str
    before: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class ScatterMap:
    """A map and the hidden widgets that bring its parts: an update of one of them resends none of the others."""

    html: gr.HTML
    points: gr.HTML
    paint: gr.HTML
    highlight: gr.HTML

    @property
    def drawing(self) -> list[gr.HTML]:
        """What a new drawing needs, in this order: texts, points, colours."""
        return [self.html, self.points, self.paint]


def build_scatter_map(*, family: str, elem_id: str) -> ScatterMap:
    """An empty map; maps of one family share what is pointed at and what is chosen.

    It has the events `pick` with `{row, stamp}` and `lasso` with `{rows, stamp}`, rows being positions of sentences.
    """
    template = (_FOLDER / "map.html").read_text(encoding="utf-8")
    html = gr.HTML(
        "",
        html_template=template.replace("FAMILY", family).replace("MAP", elem_id),
        js_on_load="\n".join((_FOLDER / name).read_text(encoding="utf-8") for name in _SCRIPTS),
        apply_default_css=False,
        elem_id=elem_id,
    )
    return ScatterMap(html, *(_part(elem_id, name) for name in ("points", "paint", "highlight")))


def _part(elem_id: str, name: str) -> gr.HTML:
    script = (_FOLDER / "part.js").read_text(encoding="utf-8")
    return gr.HTML(
        "", html_template="", js_on_load=script.replace("PART", name).replace("MAP", elem_id), visible="hidden"
    )


def map_texts(stamp: int, texts: Sequence[str], rows: NDArray[np.int32]) -> str:
    """The value of a map: the sentences of the drawn sample."""
    whole = len(rows) == len(texts)
    shown = [shorten(texts[row], _TEXT) for row in rows.tolist()]
    return json.dumps({"stamp": stamp, "rows": None if whole else _packed(rows), "texts": shown}, ensure_ascii=False)


def map_points(stamp: int, drawn: int, places: MapPoints) -> str:
    """The points of a map; `drawn` differs from one drawing to the next."""
    everything = len(places.places) and places.places[-1] == len(places.places) - 1
    return json.dumps(
        {
            "stamp": stamp,
            "drawn": drawn,
            "title": places.title,
            "points": _packed(places.points.astype(np.float32)),
            "places": None if everything else _packed(places.places),
            "before": None if places.before is None else _packed(places.before.astype(np.float32)),
        },
        ensure_ascii=False,
    )


def map_colours(stamp: int, colouring: Colouring, rows: NDArray[np.int32]) -> str:
    """The colours of a map: the group of every sentence of the drawn sample."""
    content: dict[str, Any] = {
        "stamp": stamp,
        "title": colouring.title,
        "names": colouring.names,
        "colours": colouring.colours,
        "symbols": colouring.symbols,
        "group": _packed(np.array(colouring.of, dtype=np.int32)[rows]) if colouring.names else None,
    }
    return json.dumps(content, ensure_ascii=False)


def map_highlight(
    stamp: int, rings: Sequence[int], *, asked: int | None = None, brightness: NDArray[np.float32] | None = None
) -> str:
    """What shines on a map: sentences with a ring, the one they are near to, and the brightness of each, 0 to 1."""
    packed = None if brightness is None else _packed((np.clip(brightness, 0, 1) * 255).astype(np.uint8))
    return json.dumps({"stamp": stamp, "rings": list(rings), "asked": asked, "brightness": packed})


def brightness_of(cosines: NDArray[np.float32]) -> NDArray[np.float32]:
    """From cosines `(N,)` to light, 0 to 1: the highest is 1, the median and all below it are 0."""
    low, high = float(np.median(cosines)), float(cosines.max())
    if high - low < 1e-6:
        return np.ones_like(cosines)
    return np.asarray(np.clip((cosines - low) / (high - low), 0, 1) ** 1.5, dtype=np.float32)


def _packed(values: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")
