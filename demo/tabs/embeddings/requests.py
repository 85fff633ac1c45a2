"""The inputs of the steps of the tab: values of components and states, in this order."""

from dataclasses import dataclass

from numpy import int32
from numpy.typing import NDArray

from demo.answers.embedded import Embedded
from demo.inputs.text_input import Sentences
from demo.latest_only import LatestOnly
from demo.maps.projection import Projection
from demo.maps.spaces import SecondSpace
from demo.views.maps.scatter import MapPoints


@dataclass(frozen=True, eq=False)
class Drawn:
    """The first map as drawn: its projection, its sample of sentences `(S,)` and its points."""

    method: Projection
    rows: NDArray[int32]
    places: MapPoints


@dataclass(frozen=True, slots=True)
class Pointed:
    """The sentence that was clicked: the `stamp` of its set, and its position in the set."""

    stamp: int
    row: int


@dataclass(frozen=True, eq=False)
class EmbedRequest:
    """The model in the header, the visitor, the text box, the file of which the box may show a part, and the pooling.

    `poolings` and `selections` are the requests for the tables of poolings and of selected sentences, which new
    sentences invalidate.
    """

    poolings: LatestOnly
    selections: LatestOnly
    key: str
    owner: str
    text: str
    uploaded: Sentences
    pooling: str
    colour_by: str


@dataclass(frozen=True, eq=False)
class SearchRequest:
    """A query, the sentences and maps in which its neighbours are highlighted, and the sentence clicked last."""

    owner: str
    embedded: Embedded | None
    drawn: Drawn | None
    query: str
    other: SecondSpace | None
    pointed: Pointed | None


@dataclass(frozen=True, eq=False)
class CompareRequest:
    """The first map, the model or pooling to compare it with, and the colours."""

    owner: str
    embedded: Embedded | None
    drawn: Drawn | None
    wanted: str
    colour_by: str
    clusters: float
