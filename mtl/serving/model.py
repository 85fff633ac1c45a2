"""The model that a server answers with: from texts to the bytes of an answer."""

import base64
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import orjson
from numpy.typing import NDArray

from mtl.inference import Analysis, Engine
from mtl.recipe.choices import TaskKind
from mtl.serving.limits import ServeLimits
from mtl.serving.refusal import TOO_LARGE, UNPROCESSABLE, Refusal
from mtl.serving.results import analyzed, classified, tagged

_SURELY = 4
"""More tokens than a character of ASCII is, in windows that overlap."""
_PER_TEXT = 64
"""More special tokens than a text has."""


@dataclass(frozen=True, slots=True)
class Body:
    """An answer in JSON, and what it was made from."""

    content: bytes
    texts: int
    tokens: int


@dataclass(frozen=True)
class ServedModel:
    """An engine with the name that clients know it by."""

    engine: Engine
    name: str
    limits: ServeLimits
    created: int = field(default_factory=lambda: int(time.time()))
    """Seconds since 1970."""

    def analyze(self, texts: Sequence[str]) -> Body:
        """Everything about each text."""
        found = self._read(texts, entities=self._has(TaskKind.TAGGING))
        return self._body(found, {"results": [analyzed(one) for one in found]})

    def classify(self, texts: Sequence[str]) -> Body:
        """The classes of each text.

        Raises:
            Refusal: the model has no classes.
        """
        self._need(TaskKind.CLASSIFICATION)
        found = self._read(texts, entities=False)
        return self._body(found, {"results": [classified(one) for one in found]})

    def tag(self, texts: Sequence[str]) -> Body:
        """The entities of each text.

        Raises:
            Refusal: the model finds no entities.
        """
        self._need(TaskKind.TAGGING)
        found = self._read(texts, entities=True)
        return self._body(found, {"results": [tagged(one) for one in found]})

    def embed(self, texts: Sequence[str], *, normalize: bool) -> Body:
        """The embedding of each text."""
        found = self._read(texts, entities=False)
        vectors = _vectors(found)
        return self._body(found, {"embeddings": _unit(vectors) if normalize else vectors})

    def openai(self, texts: Sequence[str], *, dimensions: int | None, as_base64: bool) -> Body:
        """Embeddings of length 1 in the form of OpenAI's endpoint, of the first `dimensions` values."""
        found = self._read(texts, entities=False)
        vectors = _unit(_vectors(found)[:, :dimensions])
        tokens = sum(one.tokens for one in found)
        data = [
            {"object": "embedding", "index": i, "embedding": _base64(row) if as_base64 else row}
            for i, row in enumerate(vectors)
        ]
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        content = {"object": "list", "data": data, "model": self.name, "usage": usage}
        return Body(_json(content), len(found), tokens)

    def card(self) -> dict[str, object]:
        """The model as OpenAI's list of models has it."""
        return {"id": self.name, "object": "model", "created": self.created, "owned_by": "polyhead"}

    def _read(self, texts: Sequence[str], *, entities: bool) -> list[Analysis]:
        self._need_few_tokens(texts)
        return self.engine.analyze(texts, entities=entities)

    def _need_few_tokens(self, texts: Sequence[str]) -> None:
        most, characters = self.limits.tokens, sum(map(len, texts))
        surely = all(map(str.isascii, texts)) and _SURELY * characters + _PER_TEXT * len(texts) <= most
        if not surely and (count := self.engine.count_tokens(texts)) > most:
            raise Refusal(TOO_LARGE, f"At most {most:,} tokens in one request were expected, were {count:,}.")

    def _has(self, kind: TaskKind) -> bool:
        return any(task.kind is kind for task in self.engine.tasks.values())

    def _need(self, kind: TaskKind) -> None:
        if not self._has(kind):
            raise Refusal(UNPROCESSABLE, f"This model has no {kind} head.", code="no_head")

    def _body(self, found: Sequence[Analysis], content: dict[str, object]) -> Body:
        tokens = sum(one.tokens for one in found)
        return Body(_json({"model": self.name, "tokens": tokens, **content}), len(found), tokens)


def _json(content: object) -> bytes:
    return orjson.dumps(content, option=orjson.OPT_SERIALIZE_NUMPY)


def _vectors(found: Sequence[Analysis]) -> NDArray[np.float32]:
    return np.stack([one.embedding for one in found])


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True).clip(min=1e-12)
    return np.ascontiguousarray(vectors / lengths, dtype=np.float32)


def _base64(row: NDArray[np.float32]) -> str:
    return base64.b64encode(row.astype("<f4").tobytes()).decode()
