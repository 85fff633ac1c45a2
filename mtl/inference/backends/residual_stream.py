"""The residual stream of an exported graph, kept in fp32 while the matrix products run in bf16.

As `torch.autocast` does: sums and layer norms are a small part of the time and most of the rounding.
"""

from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from xml.etree import ElementTree

_ATTRIBUTE = {"name": "DisablePrecisionConversion", "version": "0", "value": "dynamic:dynamic"}
"""Read by OpenVINO's plugin for processors; a version that does not know it runs the whole graph in bf16."""


def keep_in_fp32(graph: Path) -> None:
    """Mark the layer norms of an OpenVINO graph, and the sums that lead into them, in its file."""
    tree = ElementTree.parse(graph)
    for layer in _ResidualStream(tree.getroot()).layers():
        info = layer.find("rt_info")
        if info is None:
            info = ElementTree.SubElement(layer, "rt_info")
        ElementTree.SubElement(info, "attribute", _ATTRIBUTE)
    tree.write(graph, encoding="utf-8", xml_declaration=True)


class _ResidualStream:
    """Finds the layers; `graph` is the root of OpenVINO's file."""

    def __init__(self, graph: ElementTree.Element) -> None:
        self._layers = {layer.attrib["id"]: layer for layer in graph.iter("layer")}
        self._before: dict[str, list[str]] = defaultdict(list)
        self._after: dict[str, list[str]] = defaultdict(list)
        for edge in graph.iter("edge"):
            self._before[edge.attrib["to-layer"]].append(edge.attrib["from-layer"])
            self._after[edge.attrib["from-layer"]].append(edge.attrib["to-layer"])

    def layers(self) -> list[ElementTree.Element]:
        """Every layer of the stream, once."""
        norms = [key for key in self._layers if self._kind(key) == "MVN"]
        found = {key: None for norm in norms for key in (norm, *self._sums(norm), *self._scale_and_shift(norm))}
        return [self._layers[key] for key in found]

    def _kind(self, key: str) -> str:
        return self._layers[key].attrib["type"]

    def _sums(self, key: str) -> Iterator[str]:
        """The additions of computed values before a layer; that of a bias belongs to its product."""
        for before in self._before[key]:
            if self._kind(before) == "Add" and not self._weights & set(self._before[before]):
                yield before
                yield from self._sums(before)

    def _scale_and_shift(self, norm: str) -> Iterator[str]:
        for scale in self._after[norm]:
            if self._kind(scale) == "Multiply":
                yield scale
                yield from (shift for shift in self._after[scale] if self._kind(shift) == "Add")

    @cached_property
    def _weights(self) -> set[str]:
        """Constants, and constants in another type."""
        constants = {key for key in self._layers if self._kind(key) == "Const"}
        return constants | {
            key for key in self._layers if self._kind(key) == "Convert" and constants.issuperset(self._before[key])
        }
