"""Heads that are fitted while one labels, beside what others make of the same labels.

    python benchmarks/label_peers.py --data FOLDER [--sets …] [--seeds 3] [--at 50,100,200] [--setfit-at 50]

A simulated person labels as in `benchmarks/label.py`, in the default order. After so many labels, accuracy on the test
texts and seconds to train, of

- `ours`: the head of the project, which also knows the names of the labels;
- `regression`: `LogisticRegression` of scikit-learn on the embeddings of sentence-transformers, and its seconds with
  and without these embeddings;
- `setfit`: SetFit (`pip install setfit`) with its defaults, where it is installed; it fine-tunes the encoder, which
  takes minutes, so that it has one seed and `--setfit-at` says where. Figures of an earlier call are kept.

Seconds depend on the machine. It exits 1 where ours is lower than the regression by more than half a point on average.
"""

import argparse
import importlib.util
import json
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import mean

import numpy as np
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from benchmarks.label import Gold, measured, opened, read  # noqa: E402
from mtl.backbones import find_backbone  # noqa: E402
from mtl.fitting import FeaturePool, build_pool  # noqa: E402
from mtl.inference import Engine  # noqa: E402
from mtl.labelling import Order  # noqa: E402
from mtl.recipe import DEFAULT_BACKBONE  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "label_peers.json"
Figures = dict[str, float]


def main() -> int:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", default="sib200_en,clinc150,snips_intents")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--setfit-at", default="50")
    parser.add_argument("--at", default="50,100,200")
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    engine, console = Engine.load(DEFAULT_BACKBONE, precision="fp32"), Console(width=140)
    kept = json.loads(args.out.read_text(encoding="utf-8")) if args.out.is_file() else []
    rows = {_key(row): row for row in kept}
    setfit_at = args.setfit_at.split(",") if importlib.util.find_spec("setfit") else []
    for name in args.sets.split(","):
        gold = read(args.data, name)
        pool = build_pool(engine, list(gold.test))
        for seed in range(args.seeds):
            for at, labelled, own in ours(engine, gold, pool, seed=seed, at=[int(n) for n in args.at.split(",")]):
                found = {**own, **regression(gold, labelled)}
                if not seed and str(at) in setfit_at:
                    found |= setfit(gold, labelled, seed=seed)
                row = {"set": name, "seed": seed, "labels": at, **found}
                rows[_key(row)] = rows.get(_key(row), {}) | row
                console.print(rows[_key(row)])
                args.out.write_text(json.dumps(list(rows.values()), indent=2) + "\n", encoding="utf-8")
    show(console, list(rows.values()))
    pairs = [(row["ours"], row["regression"]) for row in rows.values()]
    return int(mean(a for a, _ in pairs) < mean(b for _, b in pairs) - 0.005)  # type: ignore[type-var]


def _key(row: dict[str, object]) -> tuple[object, ...]:
    return row["set"], row["seed"], row["labels"]


def ours(
    engine: Engine, gold: Gold, pool: FeaturePool, *, seed: int, at: Sequence[int]
) -> Iterator[tuple[int, list[str], Figures]]:
    """After each number of labels: the labelled texts, accuracy, and the seconds of the last fit."""
    with opened(engine, gold, list(gold.train), seed=seed) as session:
        for count in range(1, max(at) + 1):
            card = session.next_card("person", order=Order.MIX)
            assert card is not None
            session.answer("person", card.number, gold.train[card.text])
            if count in at:
                began = time.perf_counter()
                session.head()
                seconds = time.perf_counter() - began
                texts = [session.project.texts[text] for text in session.answers()]
                yield count, texts, {"ours": measured(session, gold, pool), "ours_s": round(seconds, 4)}


def regression(gold: Gold, labelled: Sequence[str]) -> Figures:
    """Logistic regression on the embeddings of sentence-transformers."""
    from sentence_transformers import SentenceTransformer
    from sklearn.linear_model import LogisticRegression

    encoder = SentenceTransformer(str(find_backbone(DEFAULT_BACKBONE).folder), device="cpu")
    began = time.perf_counter()
    vectors = encoder.encode(list(labelled))
    middle = time.perf_counter()
    classifier = LogisticRegression(max_iter=1000).fit(vectors, [gold.train[text] for text in labelled])
    end = time.perf_counter()
    guessed = classifier.predict(encoder.encode(list(gold.test)))
    return {
        "regression": float(np.mean(guessed == np.array(list(gold.test.values())))),
        "regression_s": round(end - middle, 4),
        "regression_with_embeddings_s": round(end - began, 4),
    }


def setfit(gold: Gold, labelled: Sequence[str], *, seed: int) -> Figures:
    """SetFit as its documentation trains it."""
    from datasets import Dataset
    from setfit import SetFitModel, Trainer, TrainingArguments

    folder = str(find_backbone(DEFAULT_BACKBONE).folder)
    model = SetFitModel.from_pretrained(folder, labels=list(gold.labels), device="cpu")
    data = Dataset.from_dict({"text": list(labelled), "label": [gold.train[text] for text in labelled]})
    with tempfile.TemporaryDirectory() as output:
        settings = TrainingArguments(
            output_dir=output,
            batch_size=16,
            num_epochs=1,
            max_steps=-1,
            seed=seed,
            report_to="none",
            show_progress_bar=False,
        )
        began = time.perf_counter()
        Trainer(model=model, args=settings, train_dataset=data).train()
        seconds = time.perf_counter() - began
    guessed = list(model.predict(list(gold.test)))
    right = mean(str(a) == b for a, b in zip(guessed, gold.test.values(), strict=True))
    return {"setfit": float(right), "setfit_s": round(seconds, 1)}


def show(console: Console, rows: Sequence[dict[str, object]]) -> None:
    """Means over the seeds."""
    table = Table("data", "labels", "ours", "regression", "setfit", "seconds of each")
    for name, at in dict.fromkeys((row["set"], row["labels"]) for row in rows):
        own = [row for row in rows if (row["set"], row["labels"]) == (name, at)]
        means = {
            key: mean(row[key] for row in own if key in row)  # type: ignore[type-var]
            for key in ("ours", "regression", "setfit", "ours_s", "regression_with_embeddings_s", "setfit_s")
            if any(key in row for row in own)
        }
        scores = [f"{100 * means[key]:.1f}" if key in means else "" for key in ("ours", "regression", "setfit")]
        seconds = [
            f"{means[key]:.2f}" for key in ("ours_s", "regression_with_embeddings_s", "setfit_s") if key in means
        ]
        table.add_row(str(name), str(at), *scores, " / ".join(seconds))
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
