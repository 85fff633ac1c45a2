"""The map of sentences: an interactive canvas with pan, hover, click and lasso, and its content from Python."""

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
"""The most points on a map; of more sentences, a sample."""
STYLE = _FOLDER / "map.css"

_SCRIPTS = ("state.js", "draw.js", "input.js")
_TEXT = 200


@dataclass(frozen=True)
class MapPoints:
    """The points `(M, 2)` of a sample of sentences, and their positions in it; `before` are those of another map."""

    points: NDArray[np.float32]
    places: NDArray[np.int32]
    title: str
    before: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class ScatterMap:
    """A map, and hidden components for its parts, so that an update of one part does not resend the others."""

    html: gr.HTML
    points: gr.HTML
    paint: gr.HTML
    highlight: gr.HTML

    @property
    def drawing(self) -> list[gr.HTML]:
        """The outputs of a new drawing, in order: texts, points, colours."""
        return [self.html, self.points, self.paint]


def build_scatter_map(*, family: str, elem_id: str) -> ScatterMap:
    """An empty map; maps of one family share pointed and selected sentences.

    Its events are `pick` with `{row, stamp}` and `lasso` with `{rows, stamp, number}`; rows are positions of
    sentences, the number is the place of the request in the order of all.
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
    """The value of a map: the sentences of the sample."""
    whole = len(rows) == len(texts)
    shown = [shorten(texts[row], _TEXT) for row in rows.tolist()]
    return json.dumps({"stamp": stamp, "rows": None if whole else _packed(rows), "texts": shown}, ensure_ascii=False)


def map_points(stamp: int, drawn: int, places: MapPoints) -> str:
    """The points of a map; `drawn` is different for every drawing."""
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
    """The colours of a map: the group of every sentence of the sample."""
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
    """The highlight of a map: sentences with a ring, the sentence that they are near, and all brightness values."""
    packed = None if brightness is None else _packed((np.clip(brightness, 0, 1) * 255).astype(np.uint8))
    return json.dumps({"stamp": stamp, "rings": list(rings), "asked": asked, "brightness": packed})


def brightness_of(cosines: NDArray[np.float32]) -> NDArray[np.float32]:
    """The brightness `(N,)` for cosines `(N,)`: 1 for the highest, 0 for the median and below."""
    low, high = float(np.median(cosines)), float(cosines.max())
    if high - low < 1e-6:
        return np.ones_like(cosines)
    return np.asarray(np.clip((cosines - low) / (high - low), 0, 1) ** 1.5, dtype=np.float32)


def _packed(values: NDArray[Any]) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode("ascii")
