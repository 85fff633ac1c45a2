"""Labelling with a simulated person: how good the model is after so many labels, in the default order and in others.

    python benchmarks/label.py --data FOLDER [--sets sib200_en,…] [--seeds 5] [--orders mix,random,unsure]
        [--backbone NAME] [--out FILE]
    python benchmarks/label.py --data FOLDER --speed [--out FILE]

Of each set the train texts are a project; the person gives the labels of the files, without mistakes. After 50, 100,
200, 320 and 400 labels the model is measured on the test texts: accuracy, or F1 of spans. A project of each seed has
its own order by chance. clinc150 has 20 of its 150 labels, evenly spaced. It exits 1 where fewer than four of five sets
reach with 200 labels in the default order what 320 by chance reach, or one is more than a point below chance at 100.

`--speed` has 10,000 texts of snips, for its intents and for three types of its slots, and says how long an answer and
the next card take after 500 labels. These figures depend on the machine.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import mean, median

import numpy as np
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from mtl.data import TaggedText, read_files  # noqa: E402
from mtl.fitting import FeaturePool, LinearHead, build_pool, guess_spans  # noqa: E402
from mtl.inference import Engine  # noqa: E402
from mtl.labelling import Answer, LabelHint, LabellingSession, Order, ProjectKind  # noqa: E402
from mtl.labelling.project import create_project  # noqa: E402
from mtl.labelling.spec import ProjectSpec  # noqa: E402
from mtl.labels import TypedSpan  # noqa: E402
from mtl.metrics.tagging import span_f1  # noqa: E402
from mtl.recipe import DEFAULT_BACKBONE, TaskKind  # noqa: E402
from mtl.recipe.schema import TaskConfig  # noqa: E402

RESULTS = ROOT / "benchmarks" / "results" / "label.json"
SETS = {
    "sib200_en": ("sib200_en", ProjectKind.CLASSES),
    "clinc150": ("clinc150", ProjectKind.CLASSES),
    "snips_intents": ("snips", ProjectKind.CLASSES),
    "snips_slots": ("snips", ProjectKind.SPANS),
    "uner_ewt": ("uner_ewt", ProjectKind.SPANS),
}
AT = (50, 100, 200, 320, 400)
NEEDED = 4  # sets


@dataclass(frozen=True)
class Gold:
    """A set: the answers by text of its two parts, and the labels."""

    kind: ProjectKind
    train: dict[str, Answer]
    test: dict[str, Answer]
    labels: tuple[str, ...]


def main() -> int:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--backbone", default=DEFAULT_BACKBONE)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--orders", default="mix,random,unsure")
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--out", type=Path, default=RESULTS)
    args = parser.parse_args()
    engine, console = Engine.load(args.backbone), Console(width=140)
    kept = json.loads(args.out.read_text(encoding="utf-8")) if args.out.is_file() else {}
    if args.speed:
        found = {str(kind): speed(engine, args.data, kind) for kind in (ProjectKind.CLASSES, ProjectKind.SPANS)}
        kept["speed"] = {"machine": f"{platform.machine()}, {os.cpu_count()} cores", **found}
        console.print(kept["speed"])
    else:
        orders = [Order(order) for order in args.orders.split(",")]
        for name in args.sets.split(","):
            gold, own = read(args.data, name), kept.setdefault("quality", {}).setdefault(name, {})
            for order in orders:
                own[str(order)] = scores(engine, gold, order, seeds=args.seeds, tell=console.print)
                args.out.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
        show(console, kept["quality"])
    args.out.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    return int(not args.speed and not is_good(kept["quality"]))


def read(data: Path, name: str) -> Gold:
    """The texts of a set with their labels, each text once."""
    folder, kind = SETS[name]
    is_spans = kind is ProjectKind.SPANS
    config = TaskConfig(kind=TaskKind.TAGGING if is_spans else TaskKind.CLASSIFICATION)
    parts = []
    for part in ("train", "test"):
        found: dict[str, Answer] = {}
        for one in read_files(config, [str(data / folder / f"{part}.{'conll' if is_spans else 'csv'}")]):
            found.setdefault(one.text.strip(), one.visible_spans() if isinstance(one, TaggedText) else one.label)
        parts.append(found)
    if name == "clinc150":
        some = set(sorted(set(parts[0].values()))[::7][:20])
        parts = [{text: label for text, label in part.items() if label in some} for part in parts]
    given = [span.label for answer in parts[0].values() for span in answer] if is_spans else parts[0].values()
    labels = set(given)
    return Gold(kind, *parts, tuple(sorted(labels)))


def scores(
    engine: Engine, gold: Gold, order: Order, *, seeds: int, tell: Callable[[str], None]
) -> dict[str, list[float]]:
    """The scores of all seeds by the number of labels."""
    pool = build_pool(engine, list(gold.test), words=gold.kind is ProjectKind.SPANS)
    found: dict[str, list[float]] = {str(at): [] for at in AT}
    for seed in range(seeds):
        for at, score in labelled(engine, gold, order, seed=seed, pool=pool):
            found[str(at)].append(round(score, 4))
        tell(f"{gold.kind} {len(gold.labels)} labels, {order}, seed {seed}: {[own[-1] for own in found.values()]}")
    return found


def labelled(engine: Engine, gold: Gold, order: Order, *, seed: int, pool: FeaturePool) -> Iterator[tuple[int, float]]:
    """The score after each number of labels."""
    with opened(engine, gold, list(gold.train), seed=seed) as session:
        if order is Order.RANDOM:  # nothing has to be learned between cards
            by_chance = np.random.default_rng(seed).permutation(len(session.project.texts)).tolist()
            for begin, end in pairwise((0, *AT)):
                texts = ((text, session.project.texts[text]) for text in by_chance[begin:end])
                session.accept("person", {text: gold.train[words] for text, words in texts})
                yield end, measured(session, gold, pool)
            return
        for count in range(1, max(AT) + 1):
            card = session.next_card("person", order=order)
            assert card is not None
            session.answer("person", card.number, gold.train[card.text])
            if count in AT:
                yield count, measured(session, gold, pool)


class opened:  # noqa: N801
    """A session on a new project, whose folder goes when it ends."""

    def __init__(self, engine: Engine, gold: Gold, texts: list[str], *, seed: int) -> None:
        self.folder = tempfile.TemporaryDirectory()
        spec = ProjectSpec("task", gold.kind, tuple(LabelHint(label) for label in gold.labels))
        project = create_project(Path(self.folder.name), texts, spec)
        project.id = f"seed {seed}"  # decides on the order by chance
        self.session = LabellingSession.open(project, engine)

    def __enter__(self) -> LabellingSession:
        return self.session

    def __exit__(self, *_: object) -> None:
        self.folder.cleanup()


def measured(session: LabellingSession, gold: Gold, pool: FeaturePool) -> float:
    """Accuracy, or F1 of exact spans, on the test texts, whose features are given."""
    head, right = session.head(), list(gold.test.values())
    if isinstance(head, LinearHead):
        best = head.probabilities(pool).argmax(axis=1).tolist()
        return mean(head.labels[guess] == label for guess, label in zip(best, right, strict=True))
    assert head is not None
    found = guess_spans(pool, head).entities
    guessed = [[TypedSpan(one["start"], one["end"], one["entity_group"]) for one in own] for own in found]
    return span_f1(right, guessed)["f1"]  # type: ignore[arg-type]


def speed(engine: Engine, data: Path, kind: ProjectKind, *, texts: int = 10_000, labels: int = 500) -> dict[str, float]:
    """Milliseconds of an answer and the next card, after so many labels."""
    gold = read(data, "snips_slots" if kind is ProjectKind.SPANS else "snips_intents")
    if kind is ProjectKind.SPANS:
        types = gold.labels[:3]
        kept = {text: tuple(s for s in answer if s.label in types) for text, answer in gold.train.items()}
        gold = Gold(kind, kept, {}, types)
    with opened(engine, gold, list(gold.train)[:texts], seed=0) as session:
        session.accept("person", {i: gold.train[text] for i, text in enumerate(session.project.texts[:labels])})
        session.next_card("person")
        times = []
        for _ in range(50):
            card = session.next_card("person")
            assert card is not None
            begin = time.perf_counter()
            session.answer("person", card.number, gold.train[card.text])
            session.next_card("person")
            times.append(1000 * (time.perf_counter() - begin))
        begin = time.perf_counter()
        session.progress("person")
        seconds = time.perf_counter() - begin
    return {
        "texts": texts,
        "labels": labels,
        "median_ms": round(median(times), 1),
        "p90_ms": round(float(np.quantile(times, 0.9)), 1),
        "progress_s": round(seconds, 1),
    }


def is_good(quality: dict[str, dict[str, dict[str, list[float]]]]) -> bool:
    """Whether the default order keeps what the head of this file says."""
    own = [found for found in quality.values() if {"mix", "random"} <= found.keys()]
    reached = sum(mean(found["mix"]["200"]) >= mean(found["random"]["320"]) for found in own)
    worse = any(mean(found["mix"]["100"]) < mean(found["random"]["100"]) - 0.01 for found in own)
    return not worse and reached >= min(NEEDED, len(own))


def show(console: Console, quality: dict[str, dict[str, dict[str, list[float]]]]) -> None:
    """A table of the mean scores in percent."""
    table = Table("data", "order", *map(str, AT))
    for name, orders in quality.items():
        for order, found in orders.items():
            table.add_row(name, order, *(f"{100 * mean(found[str(at)]):.1f}" for at in AT))
    console.print(table)


if __name__ == "__main__":
    sys.exit(main())
