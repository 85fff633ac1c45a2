"""Tells trackers of a run's events; a tracker that fails is left out from then on, and the run goes on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from mtl.errors import RecipeError
from mtl.recipe import Recipe
from mtl.recipe.choices import Tracker
from mtl.runs.events import Event, Failed, Finished, Noticed, Started
from mtl.tracking.figures import figures_of, settings_of
from mtl.tracking.names import tracker_name

_PROJECT = "polyhead"
_Value = TypeVar("_Value")


def need_trackers(trackers: Sequence[Tracker]) -> None:
    """Refuse trackers whose package is missing.

    Raises:
        RecipeError: with what to install.
    """
    if not trackers:
        return
    from accelerate.tracking import get_available_trackers

    available = {str(name) for name in get_available_trackers()}
    for tracker in trackers:
        if tracker not in available:
            message = f"{tracker} was expected to be installed, it is not: pip install 'polyhead[{tracker}]'"
            raise RecipeError(message, key="tracking")


@dataclass
class TrackingListener:
    """Hears every event of a run in order, and tells its figures to trackers.

    Args:
        trackers: which.
        folder: of the run; its name is the run's name, and `tensorboard/` below it has TensorBoard's files.
        recipe: of the run.
    """

    trackers: Sequence[Tracker]
    folder: Path
    recipe: Recipe
    _begun: dict[Tracker, Any] = field(default_factory=dict)

    def hear(self, event: Event) -> list[Noticed]:
        """Pass an event on; returns what the user should know of trackers that failed."""
        notices = []
        if isinstance(event, Started):  # again where a run that was resumed is sent later
            new = [tracker for tracker in self.trackers if tracker not in self._begun]
            notices += self._each(new, lambda tracker: self._begin(tracker, event), event)
        figures = figures_of(event)
        if figures:
            notices += self._each(list(self._begun), lambda tracker: self._log(tracker, figures, event), event)
        if isinstance(event, Finished | Failed):
            notices += self._each(list(self._begun), self._end, event)
        return notices

    def close(self) -> None:
        """Let go of trackers that have heard of no end, since the run broke off."""
        self._each(list(self._begun), self._end, Noticed(0, ""))

    def _begin(self, tracker: Tracker, event: Started) -> None:
        from accelerate.tracking import LOGGER_TYPE_TO_CLASS

        begun = LOGGER_TYPE_TO_CLASS[tracker.value](**self._arguments(tracker, event))
        begun.start()
        self._begun[tracker] = begun
        begun.store_init_configuration(_named(settings_of(self.recipe, event)))

    def _arguments(self, tracker: Tracker, event: Started) -> dict[str, object]:
        """A run that goes on is the same run to those that know runs by a name, and takes back what it wrote since."""
        name = self.folder.name
        match tracker:
            case Tracker.TENSORBOARD:
                purged = event.step + 1 if event.step else 0
                return {"run_name": "tensorboard", "logging_dir": str(self.folder), "purge_step": purged}
            case Tracker.WANDB:
                own = {"name": name, "id": name, "dir": str(self.folder)}
                return {"run_name": _PROJECT, "resume": "allow", **own}
            case Tracker.TRACKIO:
                return {"run_name": _PROJECT, "name": name, "resume": "allow"}
            case Tracker.MLFLOW:
                return {"experiment_name": _PROJECT, "run_name": name}

    def _log(self, tracker: Tracker, figures: Mapping[str, float], event: Event) -> None:
        when = {"walltime": event.time} if tracker is Tracker.TENSORBOARD else {}
        self._begun[tracker].log(_named(figures), step=event.step, **when)

    def _end(self, tracker: Tracker) -> None:
        self._begun.pop(tracker).finish()

    def _each(self, trackers: Sequence[Tracker], work: Callable[[Tracker], None], event: Event) -> list[Noticed]:
        notices = []
        for tracker in trackers:
            try:
                work(tracker)
            except Exception as error:  # each of these libraries has errors of its own, and those of its network
                self._begun.pop(tracker, None)
                reason = (str(error).splitlines() or [""])[0][:200] or type(error).__name__
                notices.append(Noticed(event.step, f"{tracker} takes no figures of this run from here ({reason})"))
        return notices


def _named(values: Mapping[str, _Value]) -> dict[str, _Value]:
    return {tracker_name(name): value for name, value in values.items()}
