"""The linear maps and the embeddings of an ONNX graph in 8-bit integers, by the tools of onnxruntime."""

from pathlib import Path

from mtl.exports.onnx.writing import MOST_IN_ONE_FILE

_HEADS = "model.heads."
_READY = ("onnx.quant.pre_process", "onnxruntime.quant")
"""A property that says that nothing is left to simplify: the exporter did."""


def quantize(source: Path, target: Path) -> None:
    """Write a graph again with the weights of the encoder in 8 bits; heads stay as they are.

    Activations are rounded as they come (dynamic quantisation). Weights have a scale for each output, so that one wide
    row does not make all others coarse, and use 7 bits: processors without instructions for products of 8 bits add up
    two of them in 16 bits, which would not hold more.
    """
    import onnx
    from onnxruntime.quantization import quantize_dynamic

    model = onnx.load(source)
    weights = {tensor.name for tensor in model.graph.initializer}
    known = [value for value in model.graph.value_info if value.name not in weights]  # their shapes will change
    del model.graph.value_info[:]
    model.graph.value_info.extend(known)
    model.metadata_props.add(key=_READY[0], value=_READY[1])
    heads = [node.name for node in model.graph.node if any(_HEADS in p.value for p in node.metadata_props)]
    quantize_dynamic(
        model,
        target,
        op_types_to_quantize=["MatMul", "Gather"],
        nodes_to_exclude=heads,
        per_channel=True,
        reduce_range=True,
        use_external_data_format=source.stat().st_size > MOST_IN_ONE_FILE,
    )
