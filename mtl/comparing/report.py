"""What a comparison found: one row a strategy, with the spread over seeds."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import mean, stdev
from types import MappingProxyType

from mtl.comparing.speed import BackboneSpeed

_NONE: Mapping[str, BackboneSpeed] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Outcome:
    """One finished run: metrics of its best checkpoint, time in seconds, peak memory and checkpoint size in bytes."""

    strategy: str
    seed: int
    metrics: Mapping[str, float]
    seconds: float
    memory_bytes: int
    checkpoint_bytes: int
    trained_parameters: int
    total_parameters: int


@dataclass(frozen=True, slots=True)
class Spread:
    """Mean and standard deviation over seeds; the latter is 0 for one seed."""

    mean: float
    deviation: float


@dataclass(frozen=True, slots=True)
class StrategyResult:
    """A strategy over all its seeds; sizes are of the first seed, which all seeds share.

    `metrics` has those that every seed measured as a finite number. `speed` is None where backbones are not compared.
    """

    strategy: str
    seeds: int
    metrics: Mapping[str, Spread]
    seconds: Spread
    memory_bytes: int
    checkpoint_bytes: int
    trained_parameters: int
    total_parameters: int
    speed: BackboneSpeed | None = None


def strategy_titles(seeds: Mapping[str, int]) -> dict[str, str]:
    """What a table calls each strategy; where a strategy has fewer seeds than another, so many.

    Args:
        seeds: how many runs of each strategy have finished.
    """
    most = max(seeds.values(), default=0)
    return {name: name if count == most else f"{name} ({count} of {most} seeds)" for name, count in seeds.items()}


def summarize(outcomes: Sequence[Outcome], speeds: Mapping[str, BackboneSpeed] = _NONE) -> list[StrategyResult]:
    """One row a strategy, in the order in which they first came.

    Args:
        outcomes: of all seeds.
        speeds: of the backbones, by strategy.
    """
    rows = []
    for strategy in dict.fromkeys(outcome.strategy for outcome in outcomes):
        own = [outcome for outcome in outcomes if outcome.strategy == strategy]
        names = [name for name in own[0].metrics if all(_is_finite(outcome.metrics.get(name)) for outcome in own)]
        rows.append(
            StrategyResult(
                strategy,
                len(own),
                {name: _spread([outcome.metrics[name] for outcome in own]) for name in names},
                _spread([outcome.seconds for outcome in own]),
                max(outcome.memory_bytes for outcome in own),
                own[0].checkpoint_bytes,
                own[0].trained_parameters,
                own[0].total_parameters,
                speeds.get(strategy),
            )
        )
    return rows


def _is_finite(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _spread(values: Sequence[float]) -> Spread:
    return Spread(mean(values), stdev(values) if len(values) > 1 else 0.0)
