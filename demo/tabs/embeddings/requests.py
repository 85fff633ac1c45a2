"""What the events of the tab hand to its steps: values of widgets and states, in this order."""

from dataclasses import dataclass

from numpy import int32
from numpy.typing import NDArray

from demo.answers.embedded import Embedded
from demo.inputs.text_input import Sentences
from demo.maps.spaces import SecondSpace
from demo.views.maps.scatter import MapPoints


@dataclass(frozen=True, eq=False)
class Drawn:
    """The first map as drawn: its sample of sentences `(S,)` and its points."""

    rows: NDArray[int32]
    places: MapPoints


@dataclass(frozen=True, eq=False)
class EmbedRequest:
    """The model in the header and its asker, the box and the file that it may show a part of, and how to pool."""

    key: str
    owner: str
    text: str
    uploaded: Sentences
    pooling: str
    colour_by: str


@dataclass(frozen=True, eq=False)
class SearchRequest:
    """A query, and the sentences and maps in which its neighbours are lit."""

    key: str
    owner: str
    embedded: Embedded | None
    drawn: Drawn | None
    query: str
    pooling: str
    other: SecondSpace | None


@dataclass(frozen=True, eq=False)
class CompareRequest:
    """The model or pooling to put beside the first map, and how that one is drawn."""

    key: str
    owner: str
    embedded: Embedded | None
    drawn: Drawn | None
    wanted: str
    colour_by: str
    clusters: float
    method: str
