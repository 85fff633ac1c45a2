"""What many visitors get from one server, and what it takes: answers a second, waits, memory.

    python benchmarks/load.py [--seconds 60] [--only NAME …] [--json FILE]

Starts `python app.py` as a public page with a home of its own and asks it as browsers do. `training`: 40 visitors, a
sentence each 2 s, while a `full` run trains on the same cores. `visitors`: 100 of them without training. `burst`: 40
new pages at once, each with its first answer. `callers`: 40 callers, one request after the other, a new session for
each. `space`: 40 visitors of a simulated Space: its environment, a checkout that cannot be written, and 16 GB. `loads`:
the memory that 10,000 page loads, 2,000 analyses, 50 uploads and 20 models leave. The client runs on the same cores.
Writes `benchmarks/results/load.json`, in which other scenarios stay.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from itertools import cycle
from pathlib import Path

import numpy as np
import psutil
from rich.console import Console
from rich.table import Table
from served import ROOT, Load, serving
from visitors import Visitor, map_of

sys.path.insert(0, str(ROOT))

RESULTS = ROOT / "benchmarks" / "results" / "load.json"
TYPED = [json.loads(line)["text"] for line in (ROOT / "benchmarks" / "typed_sentences.jsonl").open(encoding="utf-8")]
PAUSE = 2.0  # seconds between two sentences of a visitor
PAGE_LOADS = 10_000


def main() -> None:
    """Run the chosen scenarios, each with a fresh server, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--only", nargs="*", choices=SCENARIOS, default=list(SCENARIOS))
    parser.add_argument("--json", type=Path, default=RESULTS)
    args = parser.parse_args()
    results = json.loads(args.json.read_text(encoding="utf-8")) if args.json.exists() else {}
    for name in args.only:
        with serving(space=name == "space") as (server, port, home):
            found = asyncio.run(measured(SCENARIOS[name], server, port, home, args.seconds))
        results[name] = {"seconds": args.seconds, **found}
        args.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        Console(highlight=False).print(f"{name}: {found}", style="dim")
    print_table(results)


async def measured(
    scenario: Callable[[Load], Awaitable[dict[str, float]]],
    server: psutil.Process,
    port: int,
    home: Path,
    seconds: float,
) -> dict[str, float]:
    """The figures of a scenario, with the memory of the server before and after."""
    page = await map_of(port)
    warm = Visitor(port)
    await warm.open()
    for sentence in TYPED[:20]:
        await warm.analyze(page, sentence)
    before, busy = server.memory_info().rss, sum(server.cpu_times()[:2])
    found = await scenario(Load(server, port, page, home, seconds))
    after, busy = server.memory_info().rss, sum(server.cpu_times()[:2]) - busy
    if found.get("answers"):
        found["server_ms_an_answer"] = round(1000 * busy / found["answers"], 1)
    return {**found, "memory_before_mb": round(before / 1e6), "memory_after_mb": round(after / 1e6)}


async def training(load: Load) -> dict[str, float]:
    """40 visitors beside a run."""
    from trained_beside import begin_run, steps_of

    run = begin_run(load.home)
    while steps_of(run) == 0:
        await asyncio.sleep(0.5)
    first, began = steps_of(run), time.perf_counter()
    found = await steady(load, 40)
    return {**found, "training_steps_a_second": round((steps_of(run) - first) / (time.perf_counter() - began), 2)}


async def visitors(load: Load) -> dict[str, float]:
    """100 visitors without training."""
    return await steady(load, 100)


async def space(load: Load) -> dict[str, float]:
    """40 visitors of a Space."""
    return await steady(load, 40)


async def burst(load: Load) -> dict[str, float]:
    """40 new pages at once."""

    async def arrive(sentence: str) -> float:
        started = time.perf_counter()
        visitor = Visitor(load.port)
        await visitor.open()
        await visitor.analyze(load.page, sentence)
        visitor.close()
        return time.perf_counter() - started

    waits = [wait for _ in range(5) for wait in await asyncio.gather(*map(arrive, TYPED[:40]))]
    return summary(waits, 0)


async def callers(load: Load) -> dict[str, float]:
    """40 callers, a new session for each request."""
    waits, errors, until = [], 0, time.perf_counter() + load.seconds

    async def call(sentences: Iterator[str]) -> None:
        nonlocal errors
        connection = Visitor(load.port)
        while time.perf_counter() < until:
            connection.session = os.urandom(8).hex()
            try:
                waits.append(await connection.analyze(load.page, next(sentences)))
            except RuntimeError:
                errors += 1

    began = time.perf_counter()
    await asyncio.gather(*(call(cycle(TYPED[number:] + TYPED[:number])) for number in range(40)))
    return {**summary(waits, errors), "answers_a_second": round(len(waits) / (time.perf_counter() - began), 1)}


async def loads(load: Load) -> dict[str, float]:
    """Page loads, each a new visitor with what its page asks for at first, 2,000 analyses, uploads and models."""
    from stored import MODELS, UPLOADS, upload_and_classify, use_models

    curve, began = {}, time.perf_counter()

    async def some(count: int) -> None:
        for number in range(count):
            visitor = Visitor(load.port)
            await visitor.arrive(load.page)
            if number % 5 == 0:
                await visitor.analyze(load.page, TYPED[number % len(TYPED)])
            visitor.close()

    for done in range(1000, PAGE_LOADS + 1, 1000):
        await asyncio.gather(*(some(250) for _ in range(4)))
        curve[f"after_{done}_mb"] = round(load.server.memory_info().rss / 1e6)
    rate = round(PAGE_LOADS / (time.perf_counter() - began), 1)
    await upload_and_classify(load, TYPED)
    curve[f"after_{UPLOADS}_uploads_mb"] = round(load.server.memory_info().rss / 1e6)
    await use_models(load, TYPED[0])
    curve[f"after_{MODELS}_models_mb"] = round(load.server.memory_info().rss / 1e6)
    return {**curve, "loads_a_second": rate}


async def steady(load: Load, count: int) -> dict[str, float]:
    """Visitors with a sentence each two seconds, spread over them."""
    waits, errors, until = [], 0, time.perf_counter() + load.seconds

    async def visit(number: int) -> None:
        nonlocal errors
        visitor, sentences = Visitor(load.port), cycle(TYPED[number:] + TYPED[:number])
        await asyncio.sleep(PAUSE * number / count)
        await visitor.open()
        while time.perf_counter() < until:
            started = time.perf_counter()
            try:
                waits.append(await visitor.analyze(load.page, next(sentences)))
            except RuntimeError:
                errors += 1
            await asyncio.sleep(max(0.0, PAUSE - (time.perf_counter() - started)))

    await asyncio.gather(*map(visit, range(count)))
    return summary(waits, errors)


def summary(waits: list[float], errors: int) -> dict[str, float]:
    """Milliseconds of the waits."""
    quantiles = {f"p{share}_ms": round(1000 * float(np.percentile(waits, share))) for share in (50, 95, 99)}
    return {"answers": len(waits), "errors": errors, **quantiles, "longest_ms": round(1000 * max(waits))}


def print_table(results: dict[str, dict[str, float]]) -> None:
    """Print everything by scenario."""
    table = Table(*["scenario", "figures"])
    for name, found in results.items():
        table.add_row(name, ", ".join(f"{key} {value}" for key, value in found.items()))
    Console(highlight=False).print(table)


SCENARIOS = {
    "training": training,
    "visitors": visitors,
    "burst": burst,
    "callers": callers,
    "space": space,
    "loads": loads,
}

if __name__ == "__main__":
    main()
