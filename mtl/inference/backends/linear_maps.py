"""The linear maps of an exported graph, by what they read."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

LinearMaps = dict[str, list[Any]]
"""Nodes of products with learned weights; those that read the same input together, by the name of that input."""
_BACKBONE = "__module.model.encoder."  # of `mtl.inference.backends.graph.Graph`, in the names that tracing gives


def of_backbone(model: Any) -> LinearMaps:  # noqa: ANN401
    """All of the backbone; those of heads are not among them."""
    return _by_input(node for node in model.get_ordered_ops() if _is_linear_map(node))


def of_queries_and_keys(model: Any) -> LinearMaps:  # noqa: ANN401
    """Those that make nothing but what attention compares; none where it is made together with the values."""
    attention = [node for node in model.get_ordered_ops() if node.get_type_name() == "ScaledDotProductAttention"]
    makers = [_maker(node.input_value(port).get_node()) for node in attention for port in (0, 1)]
    return _by_input(node for node in makers if node is not None)


def _by_input(maps: Iterator[Any]) -> LinearMaps:
    result: LinearMaps = defaultdict(list)
    for node in maps:
        source = node.input_value(0)
        result[f"{source.get_node().get_friendly_name()}:{source.get_index()}"].append(node)
    return dict(result)


def _is_linear_map(node: Any) -> bool:  # noqa: ANN401
    if node.get_type_name() != "MatMul" or not node.get_friendly_name().startswith(_BACKBONE):
        return False
    weights = node.input_value(1).get_node()
    learned = weights.get_type_name() == "Constant" and len(weights.shape) == 2
    of_texts = node.input_value(0).partial_shape.is_dynamic  # positions alone are computed once, at compilation
    return bool(learned and of_texts and node.get_attributes()["transpose_b"])


def _maker(node: Any) -> Any | None:  # noqa: ANN401
    """The linear map whose output this is, its bias added and its shape changed; None where more happens to it."""
    while node.get_type_name() in ("Add", "Reshape", "Transpose"):
        before = [value.get_node() for value in node.input_values()]
        if node.get_type_name() == "Add" and before[0].get_type_name() == "Constant":
            before.reverse()
        if node.get_type_name() == "Add" and before[1].get_type_name() != "Constant":
            return None
        node = before[0]
    return node if _is_linear_map(node) else None
