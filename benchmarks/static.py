"""What a static export of the starter costs in quality, and what it gains in speed, beside the engine.

Run `python benchmarks/static.py --data FOLDER`, the folder with a folder for each data set. The starter is distilled
twice: with heads that learned from the train data of topic and sentiment, and with heads that learned from the model
alone. Printed are the accuracy on the test sets and on the project's own dev examples, the share of the ten nearest
neighbours that stay, and sentences a second of `encode` and `classify`: the best of alternating rounds over the same
sentences.
"""

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mtl import Engine  # noqa: E402
from mtl.data import Example, read_files, texts_of  # noqa: E402
from mtl.exports import export  # noqa: E402
from mtl.exports.static import StaticEngine  # noqa: E402
from mtl.inference.source import STARTER_FOLDER  # noqa: E402
from mtl.metrics.embedding import embedding_metrics  # noqa: E402
from mtl.recipe import DEFAULT_BACKBONE, TaskConfig, TaskKind, dump, parse  # noqa: E402

SETS = {"topic": "sib200_en", "sentiment": "review_sentiment"}
ROUNDS = 3


def main() -> None:
    """Export, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        taught = export(run_of_starter(Path(folder) / "run", args.data), Path(folder) / "data", format="static")
        alone = export("starter", Path(folder) / "alone", format="static")
        engines = {
            "engine": Engine.load("starter"),
            "static, heads from data": StaticEngine.load(taught.folder),
            "static, heads from the model": StaticEngine.load(alone.folder),
        }
        choice = Engine.load("starter").choice
        print(f"{taught.size / 1e6:.1f} MB; the engine runs with {choice.backend} in {choice.precision}")
        report(engines, args.data)


def run_of_starter(folder: Path, data: Path) -> Path:
    """The starter as a checkpoint of a run whose data are there."""
    tasks = {
        name: {"kind": "classification", "train": str(data / place / "train.csv"), "dev": str(data / place / "dev.csv")}
        for name, place in SETS.items()
    }
    folder.mkdir()
    (folder / "recipe.yaml").write_text(dump(parse({"backbone": DEFAULT_BACKBONE, "tasks": tasks}, folder=folder)))
    return Path(shutil.copytree(STARTER_FOLDER, folder / "best"))


def report(engines: Mapping[str, Engine | StaticEngine], data: Path) -> None:
    """Print all figures."""
    files = {f"{name}, {place}": (name, data / place / "test.csv") for name, place in SETS.items()}
    files |= {f"{name}, own dev": (name, ROOT / "examples" / name / "dev.csv") for name in SETS}
    texts: list[str] = []
    for shown, (task, file) in files.items():
        examples = read_files(TaskConfig(kind=TaskKind.CLASSIFICATION), [str(file)])
        texts += [text for one in examples for text in texts_of(one)]
        print(f"{shown:28}" + "".join(f"  {name} {accuracy(one, task, examples):.3f}" for name, one in engines.items()))
    expected = engines["engine"].encode(texts)
    found = engines["static, heads from data"].encode(texts)
    width = max(expected.shape[1], found.shape[1])
    padded = [np.pad(vectors, ((0, 0), (0, width - vectors.shape[1]))) for vectors in (expected, found)]
    print(f"neighbour overlap of {len(texts)} texts: {embedding_metrics(*padded)['neighbour_overlap']:.3f}")
    for what in ("encode", "classify"):
        runs = {name: getattr(one, what) for name, one in engines.items() if name != "static, heads from the model"}
        print(f"{what}, sentences a second" + "".join(f"  {n} {s:,.0f}" for n, s in speeds(runs, texts).items()))


def accuracy(engine: Engine | StaticEngine, task: str, examples: Sequence[Example]) -> float:
    """The share of texts whose most probable class is right."""
    found = engine.classify([text for one in examples for text in texts_of(one)])
    return float(
        np.mean([max(f[task], key=f[task].__getitem__) == e.label for f, e in zip(found, examples, strict=True)])
    )


def speeds(runs: Mapping[str, Callable[[list[str]], object]], texts: list[str]) -> dict[str, float]:
    """Sentences a second of each, the best of alternating rounds."""
    best = dict.fromkeys(runs, 0.0)
    for _ in range(ROUNDS):
        for name, run in runs.items():
            begun = time.perf_counter()
            run(texts)
            best[name] = max(best[name], len(texts) / (time.perf_counter() - begun))
    return best


if __name__ == "__main__":
    main()
