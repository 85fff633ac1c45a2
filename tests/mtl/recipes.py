"""Small recipes over the example data."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

from mtl.recipe import Recipe, parse

EXAMPLES = Path(__file__).parents[2] / "examples"
TASKS: dict[str, dict[str, object]] = {
    "topic": {"kind": "classification", "train": "topic/train.csv", "dev": "topic/dev.csv", "max_rows": 60},
    "sentiment": {"kind": "classification", "train": "sentiment/train.csv", "dev": "sentiment/dev.csv"},
    "entities": {"kind": "tagging", "train": "entities/train.conll", "dev": "entities/dev.conll", "max_rows": 40},
    "names": {
        "kind": "tagging",
        "train": "entities/train.conll",
        "dev": "entities/dev.conll",
        "max_rows": 40,
        "map_labels": {"ORG": "O"},
        "head": {"decoder": "crf"},
    },
    "similarity": {"kind": "similarity", "train": "similarity/train.csv", "dev": "similarity/dev.csv"},
}
DEFAULTS: dict[str, object] = {
    "optimizer": {"backbone_lr": 1e-3, "head_lr": 1e-2},
    "budget": {"epochs": 1000, "max_steps": 6, "batch_tokens": 512},
    "evaluation": {"every": 1000},
}


def recipe_of(backbone: Path, tasks: Sequence[str], **sections: object) -> Recipe:
    """A recipe of some of the tasks above; `sections` replace the defaults, `tasks_<name>` adds keys to a task."""
    chosen = {name: {**TASKS[name], **sections.pop(f"tasks_{name}", {})} for name in tasks}
    return parse({"backbone": str(backbone), "tasks": chosen, **DEFAULTS, **sections}, folder=EXAMPLES)


def quick_recipe(
    backbone: Path, folder: Path, tasks: Sequence[str] = ("topic", "names", "pairs"), **sections: object
) -> Recipe:
    """A recipe over few and short examples, written to `folder`, the first of them for dev; else as `recipe_of`."""
    chosen = {}
    for name, task in write_easy_data(folder, rounds=5).items():
        train = Path(str(task["train"]))
        dev = train.with_stem(f"{name}-dev")
        between = "\n\n" if train.suffix == ".conll" else "\n"
        dev.write_text(between.join(train.read_text().split(between)[:9]) + "\n")
        if name in tasks:
            chosen[name] = {**task, "dev": str(dev), **sections.pop(f"tasks_{name}", {})}
    return parse({"backbone": str(backbone), "tasks": chosen, **DEFAULTS, **sections}, folder=folder)


def write_easy_data(folder: Path, *, rounds: int = 20) -> dict[str, dict[str, object]]:
    """Data that a tiny model can learn: one word decides the topic, names are always names, equal words score 1.

    Args:
        folder: where the files go.
        rounds: each gives three topics, two sentences with names and two pairs.

    Returns:
        A task of each kind on files in `folder`, measured on what it trains on.
    """
    draw = random.Random(0)
    topics = {"sport": ["team", "match", "won"], "money": ["bank", "bankers", "election"], "trip": ["hotel", "flight"]}
    names = {"anna": "PER", "tom": "PER", "maria": "PER", "paris": "LOC", "rome": "LOC", "berlin": "LOC"}
    fillers = ["the", "a", "very", "old", "new", "and", "is", "was", "good"]
    texts, sentences, pairs = ["text,label"], [], ["sentence1,sentence2,score"]
    for label, words in list(topics.items()) * rounds:
        texts.append(" ".join(draw.sample(fillers, 3) + [draw.choice(words)]) + f",{label}")
    for _ in range(2 * rounds):
        words = draw.sample(fillers, 3) + draw.sample(list(names), 2)
        draw.shuffle(words)
        sentences.append("\n".join(f"{word}\t{'B-' + names[word] if word in names else 'O'}" for word in words))
    for i in range(2 * rounds):
        first = draw.choice([word for words in topics.values() for word in words])
        second = first if i % 2 else draw.choice(list(names))
        pairs.append(f"{draw.choice(fillers)} {first},{draw.choice(fillers)} {second},{i % 2}")
    files = {"topic": "topic.csv", "names": "names.conll", "pairs": "pairs.csv"}
    for name, lines in {"topic": texts, "pairs": pairs}.items():
        (folder / files[name]).write_text("\n".join(lines) + "\n")
    (folder / files["names"]).write_text("\n\n".join(sentences) + "\n")
    kinds = {"topic": "classification", "names": "tagging", "pairs": "similarity"}
    paths = {name: str(folder / file) for name, file in files.items()}
    return {name: {"kind": kind, "train": paths[name], "dev": paths[name]} for name, kind in kinds.items()}


def write_easy_labels(folder: Path, *, rounds: int = 60) -> dict[str, object]:
    """A multi-label task that a tiny model can learn: each label has a word that shows it; some texts have none."""
    draw = random.Random(0)
    shown = {"sport": "team", "money": "bank", "trip": "hotel", "art": "concert"}
    fillers = ["the", "a", "very", "old", "new", "and", "is", "was", "good"]
    lines = []
    for _ in range(rounds):
        labels = [label for label in shown if draw.random() < 0.35]
        words = draw.sample(fillers, 3) + [shown[label] for label in labels]
        draw.shuffle(words)
        lines.append(json.dumps({"text": " ".join(words), "labels": labels}))
    path = folder / "about.jsonl"
    path.write_text("\n".join(lines) + "\n")
    return {"kind": "classification", "multi_label": True, "train": str(path), "dev": str(path)}
