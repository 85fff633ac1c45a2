"""A static export loaded for use, without torch."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file

from mtl.decoding import ModelOutput, Request, sigmoid, softmax
from mtl.errors import InputError
from mtl.exports.static.heads import LinearHead
from mtl.json_text import parse_json
from mtl.text import clean

if TYPE_CHECKING:
    from model2vec import StaticModel

WEIGHTS_FILE, HEADS_FILE = "heads.safetensors", "heads.json"


@dataclass(frozen=True, slots=True)
class StaticHead:
    """A head with the labels of its logits; a text has one of them, or for `multi_label` any number."""

    labels: tuple[str, ...]
    multi_label: bool
    head: LinearHead

    def probabilities(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """`(N, C)` of vectors `(N, D)`."""
        return (sigmoid if self.multi_label else softmax)(self.head(vectors))


class StaticEngine:
    """Embeddings and classes from static vectors; make one with `StaticEngine.load`. It finds no entities."""

    def __init__(self, model: "StaticModel", heads: Mapping[str, StaticHead]) -> None:
        self.model = model
        self.heads = heads

    @classmethod
    def load(cls, folder: str | Path) -> "StaticEngine":
        """Load an export.

        Raises:
            InputError: `model2vec` is not installed, or the folder is no static export.
        """
        need_model2vec()
        from model2vec import StaticModel

        place = Path(folder)
        try:
            tasks = parse_json((place / HEADS_FILE).read_text(encoding="utf-8"))
            tensors = load_file(place / WEIGHTS_FILE)
        except (OSError, ValueError) as error:
            raise InputError("a static export was expected", path=place) from error
        heads = {
            name: StaticHead(
                tuple(task["labels"]),
                task["multi_label"],
                LinearHead(tensors[f"{name}.weight"], tensors[f"{name}.bias"]),
            )
            for name, task in tasks.items()
        }
        return cls(StaticModel.from_pretrained(place), heads)

    def save(self, folder: Path) -> None:
        """Write the embedding as `model2vec` and sentence-transformers read it, and the heads beside it."""
        self.model.save_pretrained(folder)
        tasks = {name: {"labels": one.labels, "multi_label": one.multi_label} for name, one in self.heads.items()}
        (folder / HEADS_FILE).write_text(json.dumps(tasks, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        tensors = {
            f"{name}.{part}": np.ascontiguousarray(values, dtype=np.float32)
            for name, one in self.heads.items()
            for part, values in (("weight", one.head.weight), ("bias", one.head.bias))
        }
        save_file(tensors, folder / WEIGHTS_FILE)

    def encode(self, sentences: Sequence[str]) -> NDArray[np.float32]:
        """Embeddings `(N, D)` of length 1; zeros for a text without a known token."""
        return np.asarray(self.model.encode([clean(text) for text in sentences]), dtype=np.float32)

    def classify(self, sentences: Sequence[str]) -> list[dict[str, dict[str, float]]]:
        """For each sentence and task the probability of every label, as `Engine.classify`."""
        vectors = self.encode(sentences)
        found: list[dict[str, dict[str, float]]] = [{} for _ in sentences]
        for name, one in self.heads.items():
            for answer, row in zip(found, one.probabilities(vectors).tolist(), strict=True):
                answer[name] = dict(zip(one.labels, row, strict=True))
        return found

    def run(self, request: Request) -> ModelOutput:
        """Embeddings and classes of a request, as a pass of a model gives them."""
        vectors = self.encode(request.texts)
        count = len(vectors)
        classes = {name: one.probabilities(vectors) for name, one in self.heads.items()}
        return ModelOutput(vectors, classes, {}, np.zeros(count, np.int64), np.ones(count, np.int64), {})


def need_model2vec() -> None:
    """Make sure that the library is there.

    Raises:
        InputError: it is not.
    """
    if find_spec("model2vec") is None:
        raise InputError("a static embedding needs model2vec: pip install 'polyhead[static]'")
