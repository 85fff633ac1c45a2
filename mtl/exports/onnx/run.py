"""The model of this folder with onnxruntime, tokenizers and numpy alone: `python run.py TEXT`, or `Model()(text)`."""

import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from onnxruntime import InferenceSession
from tokenizers import Tokenizer


class Model:
    """Answers for a text, of which it reads the first `max_length` tokens; `cut` says whether there are more."""

    def __init__(self, folder: Path = Path(__file__).parent, graph: str = "model.onnx") -> None:
        self.config, self.session = json.loads((folder / "config.json").read_bytes()), InferenceSession(folder / graph)
        self.tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokenizer.encode_special_tokens = True  # a special token that somebody typed is text

    def __call__(self, text: str) -> dict[str, Any]:
        given = self.tokenizer.encode(text := re.sub("[\ud800-\udfff]", "\ufffd", text))
        feed = {name: np.array([getattr(given, field)]) for name, field in self.config["inputs"].items()}
        embedding, *outputs = self.session.run(None, feed)
        answer: dict[str, Any] = {"embedding": embedding[0].tolist(), "classes": {}, "labels": {}, "entities": {}}
        for (name, task), (values, *_) in zip(self.config["tasks"].items(), outputs, strict=True):
            if task["kind"] == "tagging":
                answer["entities"][name] = list(self._find(text, np.array(given.offsets), values, task))
            else:
                answer["classes"][name] = dict(zip(task["labels"], values.tolist(), strict=True))
                answer["labels"][name] = [*np.array(task["labels"], "O")[values >= (task["limits"] or max(values))]]
        return answer | {"cut": bool(given.overflowing)}

    def _find(self, text: str, spans: np.ndarray, scores: np.ndarray, task: dict[str, Any]) -> Iterator[dict[str, Any]]:
        words = np.array([match.span() for match in re.finditer(self.config["word_pattern"], text)]).reshape(-1, 2)
        shared = np.maximum(words[:, :1], spans[:, 0]) < np.minimum(words[:, 1:], spans[:, 1])  # words by tokens
        known = np.flatnonzero(shared.any(axis=1))  # the others have a neighbour's token, or were cut
        if known.size:
            own = known[np.searchsorted(known, range(known[-1] + 1), side="right").clip(1) - 1]
            tokens, unit = np.unique(shared[own].argmax(axis=1), return_inverse=True)  # each first token is tagged once
            tags = _chain(scores[tokens], task, 1, np.maximum).argmax(axis=1)[unit]
            chances = np.exp(_chain(scores[tokens], task, task["crf"], np.logaddexp))[unit, tags]
            number = np.cumsum((np.diff(unit, prepend=-1) > 0) & (tags % 2 | np.diff((tags + 1) // 2, prepend=0) != 0))
            for at in (np.flatnonzero((number == n) & (tags > 0)) for n in np.unique(number[tags > 0])):
                (start, _), (_, end) = words[at[[0, -1]]].tolist()
                one = {"entity_group": task["labels"][(tags[at[0]] - 1) // 2], "score": float(chances[at].mean())}
                yield one | {"word": text[start:end], "start": start, "end": end}


def _chain(scores: np.ndarray, task: dict[str, Any], weight: int, ufunc: np.ufunc) -> np.ndarray:
    steps, state = weight * np.array(task["transitions"]), weight * np.array(task["starts"]) + scores[0]
    ahead = np.array([state, *(state := ufunc.reduce(state[:, None] + steps, axis=0) + row for row in scores[1:])])
    behind = [state := 0 * state, *(state := ufunc.reduce(steps + row + state, axis=1) for row in scores[:0:-1])][::-1]
    return np.asarray((sums := (ahead + behind) / task["temperature"]) - ufunc.reduce(sums, axis=1, keepdims=True))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(Model()(" ".join(sys.argv[1:])), ensure_ascii=False) + "\n")
