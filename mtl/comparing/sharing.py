"""Whether it pays that tasks share an encoder: each task of a comparison beside a model of that task alone."""

from collections.abc import Mapping
from dataclasses import dataclass

from mtl.comparing.strategies import is_candidate, task_alone
from mtl.evaluation import MAIN_METRICS
from mtl.recipe import Preset

LEAST = 0.01
"""Smaller differences of a metric are not called better or worse."""
_HELPS = "weight: 2"
"""What won back more than half of what entities lost beside topics, over three seeds, and cost the topics nothing
(`benchmarks/results/sharing.json`). It was tried on this pair of tasks alone."""
_ONE_SEED = " It is one run of each: with another seed it may be otherwise."


@dataclass(frozen=True, slots=True)
class Sharing:
    """The main metric of a task trained alone by `full`, and beside the others: by `full` too, where that was done.

    Otherwise the strategy is the one that serves the task best, and freezing tells the two apart as well as sharing.
    """

    task: str
    metric: str
    alone: float
    shared: float
    strategy: str
    seeds: int = 0
    """How many runs of each kind the figures are means of; 0 where that is not known."""

    @property
    def gain(self) -> float:
        """Of sharing, below 0 where it costs."""
        return self.shared - self.alone

    def __str__(self) -> str:
        """One sentence."""
        figures = f"{self.shared:.3f} with the others ({self.strategy}), {self.alone:.3f} alone"
        what = f"{self.metric.replace('_', ' ')} {figures}"
        if self.strategy != Preset.FULL:
            return f"Whether sharing helps {self.task} cannot be said without {Preset.FULL} with the others: {what}."
        if round(abs(self.gain), 6) <= LEAST:
            return f"Sharing makes little difference to {self.task}: {what}."
        points = f"{self.task} {100 * abs(self.gain):.1f} points: {what}." + _ONE_SEED * (self.seeds == 1)
        if self.gain > 0:
            return f"Sharing helps {points}"
        return (
            f"Sharing costs {points} More weight for its loss, such as tasks.{self.task}.{_HELPS}, may win some of it "
            "back, as it did in our study for entities beside topics."
        )


def sharing(metrics: Mapping[str, Mapping[str, float]], seeds: Mapping[str, int] | None = None) -> list[Sharing]:
    """Of every task that was trained alone and, by at least one strategy, with others.

    Args:
        metrics: `eval/<task>/<metric>` by strategy, means over seeds.
        seeds: how many runs of each strategy have finished, where that may differ. One with fewer than another is left
            out: a mean over other seeds would be compared.
    """
    if seeds:
        most = max(seeds.values())
        metrics = {name: own for name, own in metrics.items() if seeds[name] == most}
    together = {name: own for name, own in metrics.items() if task_alone(name) is None and not is_candidate(name)}
    found = []
    for name, alone in metrics.items():
        task = task_alone(name)
        for metric in MAIN_METRICS if task is not None else ():
            key = f"eval/{task}/{metric}"
            others = {other: own[key] for other, own in together.items() if key in own}
            if key in alone and others:
                best = Preset.FULL.value if Preset.FULL in others else max(others, key=lambda other: others[other])
                runs = (seeds or {}).get(name, 0)
                found.append(Sharing(str(task), metric, alone[key], others[best], best, runs))
                break
    return found
