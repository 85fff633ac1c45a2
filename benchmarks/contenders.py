"""Ways to do the same work, run in turn, and the speed that the processor allows."""

import gc
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from rich.console import Console

console = Console(soft_wrap=True, highlight=False)


@dataclass
class Contender:
    """A way to do the work; `seconds` has one entry a round."""

    name: str
    run: Callable[[], np.ndarray | None]
    precision: str
    batches: list[list[int]] = field(default_factory=list)
    memory_mb: float = 0.0
    seconds: list[float] = field(default_factory=list)
    cosine: float = 1.0


def in_turn(contenders: list[Contender], rounds: int, between: Callable[[], None] | None = None) -> None:
    """One run of each after the other, so that what else the machine does hits all alike; the first warms up.

    Every other round goes backwards, so that none always follows the same one, and a moment passes before each turn:
    the threads of the one before should have stopped waiting for work.
    """
    for number in range(rounds + 1):
        if between:
            between()
        for contender in contenders if number % 2 else reversed(contenders):
            gc.collect()
            time.sleep(0.5)
            begun = time.perf_counter()
            contender.run()
            if number:
                contender.seconds.append(time.perf_counter() - begun)


class Ceiling:
    """Torch's speed in large matrix products, 10⁹ operations a second: by precision the best shape's median."""

    def __init__(self, hidden: int) -> None:
        self.shapes = ((2048, 2048, 2048), (4096, hidden, 4 * hidden), (4096, 4 * hidden, hidden))
        self.samples: dict[tuple[str, tuple[int, int, int]], list[float]] = {}

    def sample(self) -> None:
        """A few products of each kind, between the rounds of what is compared with them."""
        import torch

        makers = {
            "fp32": torch.randn,
            "bf16": lambda *shape: torch.randn(*shape).bfloat16(),
            "int8": lambda *shape: torch.randint(-127, 128, shape, dtype=torch.int8),
        }
        for name, make in makers.items():
            multiply = torch._int_mm if name == "int8" else torch.matmul
            for rows, inner, columns in self.shapes:
                a, b = make(rows, inner), make(inner, columns)
                multiply(a, b)
                for _ in range(6):
                    begun = time.perf_counter()
                    multiply(a, b)
                    speed = 2 * rows * inner * columns / (time.perf_counter() - begun) / 1e9
                    self.samples.setdefault((name, (rows, inner, columns)), []).append(speed)

    def gops(self) -> dict[str, float]:
        """By precision."""
        return {
            kind: max(statistics.median(v) for (name, _), v in self.samples.items() if name == kind)
            for kind in ("fp32", "bf16", "int8")
        }
