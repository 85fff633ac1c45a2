"""What a thousand million rows take on 100 GPUs, or on processors: hours, cost, bytes. Arithmetic, no run.

    python benchmarks/scale.py [--rows 1e9] [--tokens 30] [--gpus 100] [--tflops 312] [--utilisation 0.3] [...]
    python benchmarks/scale.py --measure    measure here first, and write `benchmarks/results/scale.json`

What is measured: tokens a second of the starter's backbone on two cores (`benchmarks/results/inference.json`), and
what the rest costs, in processor seconds, which other work on a machine changes little: reading rows, and around the
model's pass tokenising, decoding and writing; and the bytes of a row in each output. The pass itself is left out there:
a stand-in for the backend answers at once.

What is assumed, and given by an option: how fast a GPU is. There was none to measure on. `--gpu-rows` takes a speed
that you have measured yourself; else it is estimated as `tflops * utilisation` over two operations for each weight of
a layer and token. Prices, cores beside a GPU and the speed of a store are options too.
"""

import argparse
import json
import math
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]
RESULTS = ROOT / "benchmarks" / "results"


@dataclass(frozen=True)
class Size:
    """A backbone: its layers and how wide they are."""

    name: str
    layers: int
    width: int

    @property
    def operations(self) -> float:
        """Of a token: two for each weight of the layers, 12 times the width squared each."""
        return 2.0 * self.layers * 12 * self.width**2


SIZES = (Size("MiniLM, 6 x 384", 6, 384), Size("base, 12 x 768", 12, 768), Size("large, 24 x 1,024", 24, 1024))


def main(arguments: list[str] | None = None) -> None:
    """Measure, or calculate and print."""
    args = parser().parse_args(arguments)
    if args.measure:
        (RESULTS / "scale.json").write_text(json.dumps(measured(), indent=2) + "\n", encoding="utf-8")
    print("\n".join(report(args)))


def parser() -> argparse.ArgumentParser:
    """The options, each with its default."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--measure", action="store_true")
    options.add_argument("--rows", type=float, default=1e9)
    options.add_argument("--tokens", type=float, default=30, help="of a row")
    options.add_argument("--gpus", type=int, default=100)
    options.add_argument("--gpu-rows", type=float, help="rows a second of one GPU, where you have measured it")
    options.add_argument("--tflops", type=float, default=312, help="of a GPU in bf16, as its maker says")
    options.add_argument("--utilisation", type=float, default=0.3, help="the share of these that is reached")
    options.add_argument("--cores", type=int, default=8, help="beside each GPU, and of a machine without one")
    options.add_argument("--gpu-price", type=float, default=2.0, help="an hour, cores included")
    options.add_argument("--core-price", type=float, default=0.04, help="an hour")
    options.add_argument("--store-mb", type=float, default=5000, help="a second that the store takes from all machines")
    options.add_argument("--partition-rows", type=float, default=65536)
    return options


def report(args: argparse.Namespace) -> Iterator[str]:
    """The tables, in Markdown."""
    host = json.loads((RESULTS / "scale.json").read_text(encoding="utf-8"))
    inference = json.loads((RESULTS / "inference.json").read_text(encoding="utf-8"))
    auto = next(row for row in inference["encode"] if row["name"].startswith("polyhead auto"))
    yield f"{args.rows:,.0f} rows of {args.tokens:g} tokens; {args.gpus} GPUs with {args.cores} cores each"
    yield ""
    yield from table(
        ("output", "bytes a row", "in all", f"parts of {args.partition_rows:,.0f} rows"), storage(args, host)
    )
    yield ""
    yield from table(
        ("work on processors", "rows a second and core", "core hours", "cost"), processors(args, host, auto)
    )
    yield ""
    head = ("model on GPUs (estimated)", "rows a second and GPU", "GPU hours", f"hours on {args.gpus}", "what limits")
    yield from table((*head, "hours then", "cost", "input files at a time"), graphics(args, host))
    yield ""
    read = host["read_rows_per_core_second"]
    yield f"A command reads {read:,.0f} rows a second on one core: {hours(args.rows / read)} for one file of all rows."
    base = args.gpu_rows or gpu_speed(args, SIZES[1])
    lost = args.partition_rows / base
    yield f"A worker that is killed repeats one partition: {lost:,.1f} s of a GPU with {SIZES[1].name}."


def storage(args: argparse.Namespace, host: dict[str, float]) -> Iterator[tuple[str, ...]]:
    """What the outputs take on disk."""
    outputs = (
        ("embeddings, 384 x float32 alone", 384 * 4),
        ("embeddings, 1,024 x float32 alone", 1024 * 4),
        ("encode, .parquet (384, with text)", host["encode_parquet_bytes_per_row"]),
        ("predict, .jsonl (starter)", host["predict_jsonl_bytes_per_row"]),
        ("predict, .parquet (starter)", host["predict_parquet_bytes_per_row"]),
    )
    for name, size in outputs:
        parts = args.rows / args.partition_rows
        yield name, f"{size:,.0f}", f"{size * args.rows / 1e12:,.2f} TB", f"{parts:,.0f}"


def processors(args: argparse.Namespace, host: dict[str, float], auto: dict[str, float]) -> Iterator[tuple[str, ...]]:
    """What is measured, on one core."""
    work = (
        ("reading", host["read_rows_per_core_second"]),
        ("predict .jsonl, all but the pass", host["predict_jsonl_rows_per_core_second"]),
        ("encode .parquet, all but the pass", host["encode_parquet_rows_per_core_second"]),
        (
            f"the pass of MiniLM, {auto['name'].partition('(')[2].rstrip(')')}",
            auto["tokens_per_second"] / 2 / args.tokens,
        ),
    )
    for name, speed in work:
        spent = args.rows / speed / 3600
        yield name, f"{speed:,.0f}", f"{spent:,.0f}", f"{spent * args.core_price:,.0f}"


def graphics(args: argparse.Namespace, host: dict[str, float]) -> Iterator[tuple[str, ...]]:
    """What GPUs take, and what keeps them waiting."""
    around = host["predict_jsonl_rows_per_core_second"] * args.cores
    stored = args.store_mb * 1e6 / host["predict_jsonl_bytes_per_row"] / args.gpus
    for size in SIZES:
        speed = args.gpu_rows or gpu_speed(args, size)
        limits = {"the GPU": speed, f"its {args.cores} cores": around, "the store": stored}
        least = min(limits, key=lambda name: limits[name])
        lasting = args.rows / limits[least] / args.gpus / 3600
        alone = args.rows / speed / 3600
        cost = f"{lasting * args.gpus * args.gpu_price:,.0f}"
        files = math.ceil(limits[least] * args.gpus / host["read_rows_per_core_second"])
        first = (size.name, f"{speed:,.0f}", f"{alone:,.1f}", f"{alone / args.gpus:.2f}", least)
        yield *first, f"{lasting:.2f}", cost, f"{files:,}"


def gpu_speed(args: argparse.Namespace, size: Size) -> float:
    """Rows a second of one GPU, estimated."""
    return args.tflops * 1e12 * args.utilisation / size.operations / args.tokens


def table(header: Iterable[str], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    """Lines of a Markdown table."""
    names = tuple(header)
    yield f"| {' | '.join(names)} |"
    yield "|" + "---|" * len(names)
    for row in rows:
        yield f"| {' | '.join(row)} |"


def hours(seconds: float) -> str:
    """Seconds as hours."""
    return f"{seconds / 3600:,.1f} hours"


def measured() -> dict[str, float]:
    """Rows a second and core of all but the pass of a model, and the bytes of a row."""
    from mtl.data.place import ReadLog
    from mtl.data.texts import text_source
    from mtl.inference.bulk.formats import EmbeddingTable, PredictionLines, PredictionTable
    from mtl.inference.bulk.reading import read_chunks

    rows = 16_384
    engine = without_pass()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        texts = write_rows(folder / "in.csv", rows)
        chunks: list[list] = []  # type: ignore[type-arg]
        log = ReadLog(lambda _: None)
        found = {"tokens_per_row": engine.count_tokens(texts) / rows}
        seconds = spent(lambda: chunks.extend(read_chunks(text_source(folder / "in.csv"), (), log)))
        found["read_rows_per_core_second"] = rows / seconds
        forms = {"predict_jsonl": PredictionLines, "predict_parquet": PredictionTable, "encode_parquet": EmbeddingTable}
        for output, form in forms.items():
            seconds = 0.0
            size = 0
            for number, chunk in enumerate(chunks):
                part = folder / f"{output}{number}"
                seconds += spent(lambda part=part, chunk=chunk, form=form: form().write(part, engine, chunk))
                size += part.stat().st_size
            found[f"{output}_rows_per_core_second"] = rows / seconds
            found[f"{output}_bytes_per_row"] = size / rows
    return {key: round(value, 1) for key, value in found.items()}


def write_rows(target: Path, rows: int) -> list[str]:
    """Seeded sentences of 10 to 36 words; the texts."""
    from ray_rows import WORDS

    draw = random.Random(0)
    texts = [" ".join(draw.choices(WORDS, k=draw.randint(10, 36))) for _ in range(rows)]
    target.write_text("\n".join(["id,text", *(f"{i},{text}" for i, text in enumerate(texts))]) + "\n", encoding="utf-8")
    return texts


def spent(work: Callable[[], object]) -> float:
    """Processor seconds of all threads of this process."""
    begun = time.process_time()
    work()
    return time.process_time() - begun


def without_pass():  # noqa: ANN201
    """The starter with a stand-in for its backend that gives random numbers at once."""
    import numpy as np

    from mtl.inference.backends import BackendName, InferencePrecision, Outputs
    from mtl.inference.engine import Engine
    from mtl.inference.loading import EngineParts, open_model
    from mtl.recipe.choices import TaskKind

    parts = open_model("starter", precision="fp32", backend="torch", long_texts=None)
    classifiers = {name: len(parts.spec.tasks[name].labels) for name in parts.spec.names(TaskKind.CLASSIFICATION)}
    taggers = {name: len(parts.spec.task_infos()[name].tags.tags) for name in parts.spec.names(TaskKind.TAGGING)}
    draw = np.random.default_rng(0)

    class StandIn:
        name, precision, parallel, memory_bytes = BackendName.TORCH, InferencePrecision.FP32, 1, 0

        def run(self, batches):  # noqa: ANN001, ANN202
            for batch in batches:
                count, words = len(batch.rows), batch.first_tokens.shape[1]
                pooled = draw.random((count, parts.spec.dimension), dtype=np.float32)
                classes = {name: draw.random((count, labels), dtype=np.float32) for name, labels in classifiers.items()}
                tags = {name: draw.random((count, words, n), dtype=np.float32) * 4 for name, n in taggers.items()}
                for emissions in tags.values():
                    emissions[:, :, 0] += 4  # most words are no entity
                yield batch, Outputs(pooled, classes, tags)

    stand_in = EngineParts(parts.spec, parts.tokenizer, StandIn(), parts.choice, parts.fingerprint)
    return Engine(stand_in, name="stand-in")


if __name__ == "__main__":
    main()
