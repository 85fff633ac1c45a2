"""The folder of data that the starter is trained on: open data sets, neutral sentences from four of them, and our own.

    python benchmarks/starter_data.py --data FOLDER --out FOLDER
    POLYHEAD_DATA=FOLDER python -m mtl train examples/recipes/starter.yaml

Reviews are positive or negative; most of what people type is neither. `neutral` has sentences that state or ask
something: encyclopaedic ones (SIB-200, and the first sentence of each DBpedia abstract) and commands (CLINC150, Snips),
as many of each, drawn with a seed; train, dev and test from the same part of each set. `own` are the sentences of
`examples/starter` and `examples/sentiment`, written for this project.
"""

import argparse
import csv
import random
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OWN = ROOT / "examples" / "starter"
COPIED = ("sib200_en", "review_sentiment", "uner_ewt", "uner_pud", "btc", "wikigold")
SOURCES = ("sib200_en", "dbpedia14_small", "clinc150", "snips")
DRAWN = {"train": 230, "dev": 40, "test": 100}
"""Sentences from each source."""
_LONGEST = 250
"""Characters; sentences of an abstract that were not told apart are longer."""


def main() -> None:
    """Write the folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with a folder for each data set")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        shutil.copytree(args.data / name, args.out / name, dirs_exist_ok=True)
    shutil.copytree(OWN, args.out / "own", dirs_exist_ok=True)
    shutil.copy(ROOT / "examples" / "sentiment" / "train.csv", args.out / "own" / "sentiment.csv")
    (args.out / "neutral").mkdir(exist_ok=True)
    for part in DRAWN:
        write(args.out / "neutral" / f"{part}.csv", neutral(args.data, part))


def neutral(data: Path, part: str) -> list[str]:
    """Distinct sentences of one part, mixed; of different seeds for each source and part."""
    found: dict[str, None] = {}
    for source in SOURCES:
        with (data / source / f"{part}.csv").open(encoding="utf-8", newline="") as file:
            texts = [row["text"].strip() for row in csv.DictReader(file)]
        if source.startswith("dbpedia"):
            texts = [text.split(". ")[0].rstrip(".") + "." for text in texts]
        texts = list(dict.fromkeys(text for text in texts if len(text) <= _LONGEST))
        found |= dict.fromkeys(random.Random(f"{source} {part}").sample(texts, min(DRAWN[part], len(texts))))
    result = list(found)
    random.Random(part).shuffle(result)
    return result


def write(path: Path, texts: list[str]) -> None:
    """A file of neutral sentences."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["text", "label"])
        rows.writerows([text, "neutral"] for text in texts)


if __name__ == "__main__":
    main()
