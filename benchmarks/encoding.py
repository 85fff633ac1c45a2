"""Embeddings of our engine beside those of sentence-transformers."""

import csv
import random
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
from rich.table import Table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from contenders import Ceiling, Contender, console, in_turn  # noqa: E402

from mtl import Engine  # noqa: E402
from mtl.backbones import find_backbone  # noqa: E402
from mtl.errors import BackendError  # noqa: E402
from mtl.recipe import DEFAULT_BACKBONE  # noqa: E402
from mtl.text.batching import by_length, pack  # noqa: E402

SETS = ("dbpedia14_small", "sib200_en", "clinc150", "review_sentiment", "snips")
WAYS = (
    ("openvino", "mixed"),
    ("openvino", "bf16"),
    ("openvino", "int8"),
    ("openvino", "fp32"),
    ("torch", "bf16"),
    ("torch", "fp32"),
)


@dataclass(frozen=True)
class Shape:
    """A backbone by name or folder, and the size of its matrix products."""

    backbone: str
    layers: int
    hidden: int


MINILM = Shape(DEFAULT_BACKBONE, 6, 384)


def mixed_sentences(data: Path, count: int) -> tuple[list[str], list[int]]:
    """Sentences of several sets, some joined to passages, of 10 to 256 tokens."""
    texts = [
        row["text"]
        for name in SETS
        for file in sorted((data / name).glob("*.csv"))
        for row in csv.DictReader(file.open(encoding="utf-8"))
    ]
    chance = random.Random(0)
    chance.shuffle(texts)
    joined, position = [], 0
    while position < 10_000:
        parts = chance.choice((1, 1, 1, 1, 1, 1, 1, 2, 3, 4))
        joined.append(" ".join(texts[position : position + parts]))
        position += parts
    read = Engine.load(DEFAULT_BACKBONE)._parts.tokenizer(joined)
    kept = [
        (text, tokens)
        for text, tokens, windows in zip(joined, read.tokens.tolist(), read.window_counts, strict=True)
        if tokens >= 10 and windows == 1
    ][:count]
    return [text for text, _ in kept], [tokens for _, tokens in kept]


def encode(texts: list[str], lengths: list[int], rounds: int, shape: Shape) -> dict[str, object]:
    """Embeddings only."""
    ceiling = Ceiling(shape.hidden)
    contenders = theirs(texts, lengths, shape.backbone) + ours(texts, lengths, shape.backbone)
    reference = contenders[0].run()
    for contender in contenders:
        before = psutil.Process().memory_info().rss
        vectors = contender.run()
        contender.memory_mb += (psutil.Process().memory_info().rss - before) / 1e6
        contender.cosine = min_cosine(vectors, reference)
    in_turn(contenders, rounds, ceiling.sample)
    most = ceiling.gops()
    console.print("matrix products: " + ", ".join(f"{name} {speed:.0f} G/s" for name, speed in most.items()))
    layers, hidden = shape.layers, shape.hidden
    work = sum(layers * 2 * length * (12 * hidden**2 + 2 * length * hidden) for length in lengths) / 1e9
    queries_and_keys = sum(layers * 2 * length * 2 * hidden**2 for length in lengths) / 1e9
    fastest = {name: work / speed for name, speed in most.items()}
    fastest["mixed"] = (work - queries_and_keys) / most["bf16"] + queries_and_keys / most["int8"]
    rows, first = [], statistics.median(contenders[0].seconds)
    table = Table(
        f"encode, {Path(shape.backbone).name}",
        "relative",
        "tokens/s",
        "of the ceiling",
        "padding",
        "memory",
        "cosine, min",
    )
    for c in contenders:
        seconds = statistics.median(c.seconds)
        padded = sum(len(batch) * max(lengths[i] for i in batch) for batch in c.batches)
        row = {
            "name": c.name,
            "relative": first / seconds,
            "tokens_per_second": sum(lengths) / seconds,
            "of_ceiling": fastest[c.precision] / seconds,
            "padding": 1 - sum(lengths) / padded,
            "memory_mb": c.memory_mb,
            "min_cosine": c.cosine,
            "seconds": c.seconds,
        }
        rows.append(row)
        table.add_row(
            c.name,
            f"{row['relative']:.2f}",
            f"{row['tokens_per_second']:,.0f}",
            f"{row['of_ceiling']:.0%}",
            f"{row['padding']:.1%}",
            f"{c.memory_mb:,.0f} MB",
            f"{c.cosine:.5f}",
        )
    console.print(table)
    return {"encode": rows, "gemm_gops": most}


def theirs(texts: list[str], lengths: list[int], backbone: str) -> list[Contender]:
    """sentence-transformers with each of its backends that installs."""
    from sentence_transformers import SentenceTransformer

    folder = str(find_backbone(backbone).folder)
    order = by_length([len(text) for text in texts])
    batches = [order[i : i + 32] for i in range(0, len(order), 32)]
    ways = (
        ("fp32", {}),
        ("bf16", {"model_kwargs": {"dtype": "bfloat16"}}),
        ("onnx", {"backend": "onnx"}),
        ("openvino", {"backend": "openvino"}),
    )
    result = []
    for name, options in ways:
        before = psutil.Process().memory_info().rss
        try:
            model = SentenceTransformer(folder, device="cpu", **options)
        except Exception as error:  # whatever a missing or unfit backend raises: it is left out and named
            console.print(f"sentence-transformers {name}: left out, {str(error).strip().splitlines()[0][:100]}")
            continue
        run = lambda model=model: np.asarray(model.encode(texts, show_progress_bar=False), dtype=np.float32)  # noqa: E731
        precision = "bf16" if name == "bf16" else "fp32"
        memory = (psutil.Process().memory_info().rss - before) / 1e6
        result.append(Contender(f"sentence-transformers {name}", run, precision, batches, memory))
    return result


def ours(texts: list[str], lengths: list[int], backbone: str) -> list[Contender]:
    """Our engine with every backend and precision, and as it comes."""
    result = []
    for backend, precision in (("auto", "auto"), *WAYS):
        before = psutil.Process().memory_info().rss
        try:
            engine = Engine.load(backbone, backend=backend, precision=precision)
        except BackendError as error:
            console.print(f"polyhead {backend} {precision}: left out, {error}")
            continue
        memory = (psutil.Process().memory_info().rss - before) / 1e6
        batches = list(pack(lengths, by_length(lengths), budget=engine.choice.batch_tokens))
        name = f"polyhead {backend} {precision}"
        if backend == "auto":
            name = f"polyhead auto ({engine.choice.backend} {engine.choice.precision})"
            console.print(f"auto: {engine.choice.reason}")
        run = lambda engine=engine: engine.encode(texts)  # noqa: E731
        result.append(Contender(name, run, engine.choice.precision, batches, memory))
    return result


def min_cosine(found: np.ndarray, expected: np.ndarray) -> float:
    """Of the row with the smallest."""
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
    return float(((found * expected).sum(axis=1) / lengths).min())
