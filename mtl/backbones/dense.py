"""Dense modules of sentence-transformers: linear maps with an activation between pooling and normalisation."""

import base64
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from mtl.errors import BackboneError

Floats = NDArray[np.float32]
_KEYS = {"in_features", "out_features", "bias", "activation_function", "module_input_name", "module_output_name"}
_EMBEDDING = (None, "sentence_embedding")


class DenseActivation(StrEnum):
    """What follows the linear map; the names of `torch.nn`."""

    IDENTITY = "Identity"
    TANH = "Tanh"
    RELU = "ReLU"
    GELU = "GELU"
    SIGMOID = "Sigmoid"


class DenseLayer(BaseModel):
    """One module; `numbers` are its weight `(out, in)` and then its bias `(out,)`, float32, in base 64."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    inputs: int
    outputs: int
    activation: DenseActivation
    numbers: str

    @classmethod
    def of(cls, weight: Floats, bias: Floats, activation: DenseActivation) -> "DenseLayer":
        """A layer of these numbers."""
        numbers = np.concatenate([weight.ravel(), bias.ravel()]).astype("<f4").tobytes()
        outputs, inputs = weight.shape
        return cls(inputs=inputs, outputs=outputs, activation=activation, numbers=base64.b64encode(numbers).decode())

    def weight_and_bias(self) -> tuple[Floats, Floats]:
        """`(out, in)` and `(out,)`."""
        flat = np.frombuffer(base64.b64decode(self.numbers), dtype="<f4").astype(np.float32)
        return flat[: -self.outputs].reshape(self.outputs, self.inputs), flat[-self.outputs :]

    def __call__(self, embeddings: Floats) -> Floats:
        """`(N, out)` from `(N, in)`."""
        weight, bias = self.weight_and_bias()
        values: Floats = embeddings @ weight.T + bias
        match self.activation:
            case DenseActivation.TANH:
                values = np.tanh(values)
            case DenseActivation.RELU:
                values = np.maximum(values, 0)
            case DenseActivation.SIGMOID:
                values = np.exp(-np.logaddexp(np.float32(0), -values))
            case DenseActivation.GELU:
                from scipy.special import ndtr

                values = values * ndtr(values)
        return values.astype(np.float32)


def read_dense(folder: Path, config: dict[str, Any]) -> DenseLayer:
    """Read a module's folder; `config` is its `config.json`.

    Raises:
        BackboneError: it does what Dense modules here do not, or has no weights in safetensors.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    further = sorted(key for key, value in config.items() if key not in _KEYS and value)
    names = (config.get("module_input_name"), config.get("module_output_name"))
    if further or any(name not in _EMBEDDING for name in names):
        what = further[0] if further else next(name for name in names if name not in _EMBEDDING)
        raise BackboneError(f"a Dense module from embedding to embedding was expected, it has {what}", path=folder)
    place, _, activation = str(config.get("activation_function", "torch.nn.Tanh")).rpartition(".")
    if not place.startswith("torch.nn") or activation not in list(DenseActivation):
        allowed = ", ".join(DenseActivation)
        raise BackboneError(f"an activation of {allowed} was expected, was {activation}", path=folder)
    file = folder / "model.safetensors"
    try:
        tensors = load_file(file)
        weight = tensors["linear.weight"].astype(np.float32)
        bias = (
            tensors["linear.bias"].astype(np.float32) if config.get("bias", True) else np.zeros(len(weight), np.float32)
        )
    except (OSError, SafetensorError, KeyError) as error:
        raise BackboneError("the weights of a Dense module were expected (pickles are not read)", path=file) from error
    return DenseLayer.of(weight, bias, DenseActivation(activation))
