"""`Engine.encode` of the untouched backbone against `SentenceTransformer.encode`, on 1,000 sentences of mixed length.

Run `python benchmarks/parity.py --data FOLDER`; it prints the largest absolute differences: between the two, and of
ours between one batch of everything, single sentences and a shuffled order. It exits 1 above 1e-5.
"""

import argparse
import csv
import random
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mtl import Engine  # noqa: E402
from mtl.backbones import find_backbone  # noqa: E402
from mtl.recipe import DEFAULT_BACKBONE  # noqa: E402

SETS = ("dbpedia14_small", "sib200_en", "clinc150")
ODD = ["", " ", "x" * 3000, "word " * 900, "🙂 ok"]
LIMIT = 1e-5


def main() -> int:
    """Compare and print."""
    from sentence_transformers import SentenceTransformer

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    args = parser.parse_args()
    texts = [
        row["text"] for name in SETS for row in csv.DictReader((args.data / name / "dev.csv").open(encoding="utf-8"))
    ]
    order = random.Random(0)
    order.shuffle(texts)
    texts = [*texts[: 1000 - len(ODD)], *ODD]
    engine = Engine.load(DEFAULT_BACKBONE, backend="torch", precision="fp32", long_texts="cut")
    ours = engine.encode(texts)
    theirs = SentenceTransformer(str(find_backbone(DEFAULT_BACKBONE).folder)).encode(texts)
    some = order.sample(range(len(texts)), 100)
    alone = np.concatenate([engine.encode([texts[i]]) for i in some])
    shuffled = order.sample(range(len(texts)), len(texts))
    differences = {
        "sentence-transformers": largest(ours, theirs),
        "single sentences": largest(ours[some], alone),
        "shuffled order": largest(ours[shuffled], engine.encode([texts[i] for i in shuffled])),
    }
    for name, difference in differences.items():
        print(f"{name}: {difference:.1e}")
    return int(max(differences.values()) > LIMIT)


def largest(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """The largest absolute difference."""
    return float(np.abs(first - second).max())


if __name__ == "__main__":
    sys.exit(main())
