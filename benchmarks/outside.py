"""How well texts of other kinds are told from test texts, by summaries of training embeddings and by other measures.

Run `python benchmarks/outside.py --data FOLDER [--out FILE] [--only backbone|tuned|cost]`. The embeddings are those of
the default backbone, as every `heads_only` model has them. Each line is the area under the ROC curve for a train set,
its test set and other texts:

- `summary`: `mtl.outside`, less than a megabyte; with the share of test texts that it takes for outside;
- `nearest`: the distance from the nearest of all training texts;
- `probability`: the largest probability of a logistic regression on the embeddings.

The line `tuned` is of a model that was trained: the last two layers for two epochs of clinc150, one seed. Its summary
is the one of the checkpoint, of 4,000 of the texts, and `probability` that of its own head. The lines `cost` say what
the scores take of a pass of the starter, by the shortest of many rounds.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mtl import Engine  # noqa: E402
from mtl.data import LabelledText, read_files, texts_of  # noqa: E402
from mtl.outside import summarize  # noqa: E402
from mtl.recipe import DEFAULT_BACKBONE, TaskKind, parse  # noqa: E402
from mtl.recipe.schema import TaskConfig  # noqa: E402
from mtl.training import run_in_folder  # noqa: E402

Vectors = NDArray[np.float32]
# The set whose training texts are known, and that whose test texts are of another kind; `held out` are its own classes.
CASES = (
    ("clinc150", "clinc150/oos_test"),
    ("sib200_en", "clinc150/test"),
    ("sib200_en", "review_sentiment/test"),
    ("sib200_en", "dbpedia14_small/test"),
    ("review_sentiment", "sib200_en/test"),
    ("review_sentiment", "clinc150/test"),
    ("dbpedia14_small", "held out"),
    ("sib200_en", "held out"),
)
_EVERY = 4  # class of those that are held out
_TUNED = {"freezing": {"preset": "last_layers", "layers": 2}, "budget": {"epochs": 2}, "seed": 0}
_ROUNDS = 30


@dataclass(frozen=True)
class Texts:
    """Embeddings `(N, H)` of length 1 and labels `(N,)`."""

    vectors: Vectors
    labels: NDArray[np.str_]

    def of(self, kept: NDArray[np.bool_]) -> "Texts":
        return Texts(self.vectors[kept], self.labels[kept])


def main() -> None:
    """Print a table, and write it where `--out` says."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--only", choices=("backbone", "tuned", "cost"))
    args = parser.parse_args()
    parts = {"backbone": _backbone, "tuned": _tuned, "cost": _cost}
    rows = [row for name, part in parts.items() if args.only in (None, name) for row in part(args.data)]
    if args.out:
        args.out.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def _backbone(data: Path) -> list[Mapping[str, object]]:
    """A row for each of `CASES`."""
    engine = Engine.load(DEFAULT_BACKBONE, precision="fp32")
    sets: dict[str, Texts] = {}

    def texts_of(name: str) -> Texts:
        if name not in sets:
            sets[name] = _read(engine, data / f"{name}.csv")
        return sets[name]

    rows = []
    for known, other in CASES:
        train, dev, test = (texts_of(f"{known}/{part}") for part in ("train", "dev", "test"))
        if other == "held out":
            out = sorted(set(train.labels))[::_EVERY]
            away = test.of(np.isin(test.labels, out))
            train, dev, test = (part.of(~np.isin(part.labels, out)) for part in (train, dev, test))
        else:
            away = texts_of(other)
        rows.append({"known": known, "other": other, "train": len(train.labels), **_scores(train, dev, test, away)})
        print(_line(rows[-1]), flush=True)
    return rows


def _tuned(data: Path) -> list[Mapping[str, object]]:
    """A row of a model that was trained, by its own scores."""
    task = {"kind": "classification", "train": "clinc150/train.csv", "dev": "clinc150/dev.csv"}
    recipe = parse({"backbone": DEFAULT_BACKBONE, "tasks": {"intent": task}, **_TUNED}, folder=data)
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        for _ in run_in_folder(recipe, Path(folder) / "run"):
            pass
        seconds = time.perf_counter() - began
        engine = Engine.load(Path(folder) / "run" / "best", precision="fp32")
        found = [engine.analyze(_texts(data / "clinc150" / f"{part}.csv")) for part in ("test", "oos_test")]
    scores = [[one.outside_scores["intent"] for one in analyses] for analyses in found]
    inside, away = (float(np.mean([one.is_outside for one in own])) for own in scores)
    row = {
        "known": "clinc150, tuned",
        "other": "clinc150/oos_test",
        "train": 15_000,
        "summary": _auroc([np.array([one.distance for one in own]) for own in scores]),
        "nearest": float("nan"),
        "probability": _auroc([np.array([1 - max(one.classes["intent"].values()) for one in own]) for own in found]),
        "false_alarms": inside,
        "found": away,
        "bytes": 2 * 750 * engine.dimension,
        "seconds": seconds,
    }
    print(_line(row), f" {seconds:.0f} s of training", flush=True)
    return [{**row, "nearest": None}]


def _cost(data: Path) -> list[Mapping[str, object]]:
    """Of the starter: what the scores take of a pass over sentences, in the median of rounds."""
    engine, texts = Engine.load(), _texts(data / "sib200_en" / "test.csv")
    rows: list[Mapping[str, object]] = []
    for count in (1, 32):
        parts = [texts[i * count : (i + 1) * count] for i in range(min(_ROUNDS, len(texts) // count))]
        whole = min(_seconds(partial(engine.analyze, part)) for part in parts)
        scores = min(_seconds(partial(engine._outside, engine.encode(part))) for part in parts)
        share = scores / whole
        print(f"cost of the scores, {count:2} sentences at a time: {share:.1%} of {1000 * whole:.1f} ms")
        rows.append({"sentences": count, "pass_ms": 1000 * whole, "share": share})
    return rows


def _seconds(work: Callable[[], object]) -> float:
    work()
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _texts(path: Path) -> list[str]:
    examples = read_files(TaskConfig(kind=TaskKind.CLASSIFICATION), [str(path)])
    return [text for example in examples for text in texts_of(example)]


def _scores(train: Texts, dev: Texts, test: Texts, away: Texts) -> Mapping[str, float]:
    summary = summarize(train.vectors, dev.vectors)
    assert summary is not None
    regression = LogisticRegression(max_iter=1000).fit(train.vectors, train.labels)
    both = [test.vectors, away.vectors]
    return {
        "summary": _auroc([summary.distances(vectors) for vectors in both]),
        "nearest": _auroc([1 - (vectors @ train.vectors.T).max(axis=1) for vectors in both]),
        "probability": _auroc([1 - regression.predict_proba(vectors).max(axis=1) for vectors in both]),
        "false_alarms": float(summary.is_outside(test.vectors).mean()),
        "found": float(summary.is_outside(away.vectors).mean()),
        "bytes": summary.centres.nbytes,
    }


def _auroc(scores: Sequence[NDArray[np.floating]]) -> float:
    is_away = np.repeat([0, 1], [len(one) for one in scores])
    return float(roc_auc_score(is_away, np.concatenate(scores)))


def _read(engine: Engine, path: Path) -> Texts:
    examples = read_files(TaskConfig(kind=TaskKind.CLASSIFICATION), [str(path)])
    labelled = [example for example in examples if isinstance(example, LabelledText)]
    vectors = engine.encode([example.text for example in labelled], normalize_embeddings=True)
    return Texts(vectors, np.array([example.label for example in labelled]))


def _line(row: Mapping[str, object]) -> str:
    names = ("summary", "nearest", "probability", "false_alarms", "found")
    figures = "  ".join(f"{name} {row[name]:.3f}" for name in names)
    return f"{row['known']:17} {row['other']:24} {row['train']:6} texts  {figures}  {row['bytes']:9,} bytes"


if __name__ == "__main__":
    main()
