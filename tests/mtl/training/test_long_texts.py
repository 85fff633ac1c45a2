"""Runs on texts of many windows: what training stores is what `evaluate` measures, and no window is left out."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from mtl.checkpoint import read_config
from mtl.data import read_files
from mtl.inference import Engine
from mtl.recipe import Recipe, parse
from mtl.runs import Evaluated, Event
from tests.mtl.training.seen import events_of

LENGTH = 16  # tokens of a window
TASKS = ("topic", "names", "crf", "pairs")
NAMES = {"anna": "PER", "tom": "PER", "maria": "PER", "paris": "LOC", "rome": "LOC", "berlin": "LOC"}
TOPICS = {
    "sport": ["team", "match", "won"],
    "money": ["bank", "vote", "election"],
    "trip": ["hotel", "flight", "train"],
}
FILLERS = ["the", "a", "is"]
EXACT = {"backend": "torch", "precision": "fp32"}


def long_text(draw: random.Random, words: list[str], *, sentences: int) -> list[str]:
    """Sentences of which some are longer than a window; every second word or so is one of `words`."""
    found = []
    for _ in range(sentences):
        length = draw.choice([2, 6, 30])
        own = [draw.choice(words) if draw.random() < 0.5 else draw.choice(FILLERS) for _ in range(length)]
        found += [own[0].title(), *own[1:], "."]
    return found


def write(folder: Path, part: str, *, count: int, seed: int) -> None:
    """Files of each kind; every third text is joined to several times the maximum length."""
    draw = random.Random(seed)
    topics, tagged, pairs = ["text,label"], [], ["sentence1,sentence2,score"]
    for i in range(count):
        sentences = 1 if i % 3 else draw.choice([4, 7])
        label, decisive = draw.choice(list(TOPICS.items()))
        topics.append(" ".join(long_text(draw, decisive, sentences=sentences)) + f",{label}")
        words = long_text(draw, list(NAMES), sentences=sentences)
        tagged.append("\n".join(f"{w}\t{'B-' + NAMES[w.lower()] if w.lower() in NAMES else 'O'}" for w in words))
        other = draw.choice([decisive, list(NAMES)])
        first, second = (" ".join(long_text(draw, words, sentences=sentences)) for words in (decisive, other))
        pairs.append(f"{first},{second},{float(other is decisive)}")
    (folder / f"topic-{part}.csv").write_text("\n".join(topics) + "\n")
    (folder / f"names-{part}.conll").write_text("\n\n".join(tagged) + "\n")
    (folder / f"pairs-{part}.csv").write_text("\n".join(pairs) + "\n")


FILES = {"topic": "topic-{}.csv", "names": "names-{}.conll", "crf": "names-{}.conll", "pairs": "pairs-{}.csv"}
MAIN = {"topic": "accuracy", "names": "f1", "crf": "f1"}
KINDS = {"topic": "classification", "names": "tagging", "crf": "tagging", "pairs": "similarity"}


def recipe_of(backbone: Path, folder: Path, tasks: tuple[str, ...] = TASKS, **sections: object) -> Recipe:
    chosen = {
        name: {
            "kind": KINDS[name],
            **{part: str(folder / FILES[name].format(part)) for part in ("train", "dev")},
            **({"head": {"decoder": "crf"}} if name == "crf" else {}),
        }
        for name in tasks
    }
    content = {
        "backbone": str(backbone),
        "max_length": LENGTH,
        "tasks": chosen,
        "optimizer": {"backbone_lr": 1e-3, "head_lr": 5e-2, "tagging_lr": 0.1},
        "budget": {"epochs": 1000, "max_steps": 30, "batch_tokens": 512},
        "evaluation": {"every": 15},
        **sections,
    }
    return parse(content, folder=folder)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("long")
    write(folder, "train", count=18, seed=0)
    write(folder, "dev", count=15, seed=1)
    return folder


def evaluated(events: list[Event]) -> dict[str, float]:
    """The metrics of the last evaluation."""
    return [event.metrics for event in events if isinstance(event, Evaluated)][-1]


RUNS: dict[str, dict[str, object]] = {
    "heads_only": {"freezing": {"preset": "heads_only"}},
    "heads_only, no cache": {"freezing": {"preset": "heads_only"}, "cache": {"enabled": False}},
    "last_layers": {"freezing": {"preset": "last_layers", "layers": 1}},
    "last_layers, no cache": {"freezing": {"preset": "last_layers", "layers": 1}, "cache": {"enabled": False}},
    "full": {"freezing": {"preset": "full"}},
    "full, cut": {"freezing": {"preset": "full"}, "long_texts": "cut"},
}


@pytest.mark.parametrize("name", RUNS)
def test_the_metrics_that_training_stores_are_those_that_evaluate_gives(
    tiny_bert: Path, data: Path, tmp_path: Path, name: str
):
    events = events_of(recipe_of(tiny_bert, data, **RUNS[name]), tmp_path)
    files = {task: str(data / FILES[task].format("dev")) for task in TASKS}

    def measured(**options: str) -> dict[str, float]:
        engine = Engine.load(tmp_path / "last", **EXACT, **options)
        found = {task: engine.evaluate(task, read_files(engine.task_config(task), [files[task]])) for task in TASKS}
        return {f"eval/{task}/{name}": value for task in TASKS for name, value in found[task].items()}

    metrics = read_config(tmp_path / "last").metrics
    assert metrics == evaluated(events)
    stored = {name: value for name, value in metrics.items() if "/embedding/" not in name}
    assert measured() == pytest.approx(stored, abs=1e-6)
    assert all(stored[f"eval/{task}/{name}"] > 0 for task, name in MAIN.items())
    # The texts are long enough to tell the two ways to read them apart.
    assert measured(long_texts="windows" if "cut" in name else "cut") != pytest.approx(stored, abs=1e-2)


@pytest.fixture(scope="module")
def late(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tagged texts of one sentence each, whose names all stand in the third window and after."""
    folder = tmp_path_factory.mktemp("late")
    draw = random.Random(2)
    for part, count in (("train", 24), ("dev", 12)):
        texts = []
        for _ in range(count):
            words = ["the"] * (2 * LENGTH) + [draw.choice(list(NAMES)) for _ in range(6)]
            texts.append("\n".join(f"{word}\t{'B-' + NAMES[word] if word in NAMES else 'O'}" for word in words))
        (folder / f"names-{part}.conll").write_text("\n\n".join(texts) + "\n")
    return folder


Learn = Callable[..., tuple[list[Event], Path]]


@pytest.fixture(scope="module")
def learn(tiny_bert: Path, late: Path, tmp_path_factory: pytest.TempPathFactory) -> Learn:
    def run(**sections: object) -> tuple[list[Event], Path]:
        folder = tmp_path_factory.mktemp("run")
        recipe = recipe_of(
            tiny_bert,
            late,
            ("names", "crf"),
            optimizer={"backbone_lr": 3e-3, "head_lr": 3e-2},
            budget={"epochs": 1000, "max_steps": 80, "batch_tokens": 512},
            evaluation={"every": 1000},
            **sections,
        )
        return events_of(recipe, folder), folder

    return run


def recalls(metrics: dict[str, float]) -> list[float]:
    return [metrics[f"eval/{task}/recall"] for task in ("names", "crf")]


@pytest.fixture(scope="module")
def in_windows(learn: Learn) -> tuple[list[Event], Path]:
    return learn()


@pytest.fixture(scope="module")
def where_cut(learn: Learn) -> tuple[list[Event], Path]:
    return learn(long_texts="cut")


def measured(folder: Path, late: Path, **options: str) -> list[float]:
    """Recall of both decoders by an engine."""
    engine = Engine.load(folder / "last", **EXACT, **options)
    files = [str(late / "names-dev.conll")]
    return [engine.evaluate(n, read_files(engine.task_config(n), files))["recall"] for n in ("names", "crf")]


def test_entities_after_the_first_windows_are_learned(in_windows: tuple[list[Event], Path]):
    assert min(recalls(evaluated(in_windows[0]))) > 0.5


def test_where_texts_are_cut_such_entities_are_neither_learned_nor_found(
    where_cut: tuple[list[Event], Path], late: Path
):
    events, folder = where_cut
    assert recalls(evaluated(events)) == [0, 0]
    assert measured(folder, late, long_texts="windows") == [0, 0]
    assert [n.split(":")[0] for n in events[0].notes if f"longer than {LENGTH} tokens and cut" in n]


@pytest.mark.parametrize("trained", ["windows", "cut"])
def test_an_engine_reads_long_texts_as_the_model_was_trained_unless_told_otherwise(
    request: pytest.FixtureRequest, late: Path, trained: str
):
    _, folder = request.getfixturevalue("in_windows" if trained == "windows" else "where_cut")
    text = "the old doctor met anna " * LENGTH
    for said in (None, "windows", "cut"):
        (found,) = Engine.load(folder / "last", **EXACT, long_texts=said).analyze([text])
        assert (found.cut_at is None) == ((said or trained) == "windows")
        assert (found.windows > 1) == ((said or trained) == "windows")
    if trained == "windows":
        assert measured(folder, late, long_texts="cut") == [0, 0]
