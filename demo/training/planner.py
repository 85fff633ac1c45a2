"""The plan of a recipe, made by `python -m mtl plan` in a separate process so that the page never blocks."""

import secrets
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from threading import BoundedSemaphore, Lock
from typing import Any

from demo.runs.commands import Command
from demo.runs.recipe_text import as_yaml
from demo.settings import Settings
from mtl.recipe import Recipe
from mtl.runs import home

_PAUSE = 0.6  # seconds to wait for a further change before planning
_LONGEST = 300.0  # seconds
_KEPT = 100


@dataclass(frozen=True, slots=True)
class Forecast:
    """A plan as written by the command; `parts` has the parameters of each part by name, times are seconds."""

    parts: Mapping[str, int]
    trained_parameters: int
    steps: int
    draws: Mapping[str, int]
    seconds: float
    memory_bytes: int
    cache_bytes: int
    checkpoint_bytes: int
    warnings: tuple[str, ...]
    advised: str
    reasons: tuple[str, ...]


class Planner:
    """Plans for all visitors; each recipe is planned once.

    Args:
        settings: a public page plans for one visitor at a time.
    """

    def __init__(self, settings: Settings) -> None:
        self._found: OrderedDict[str, Forecast] = OrderedDict()
        self._newest: dict[str, str] = {}
        self._running: dict[str, Command] = {}
        self._lock = Lock()
        self._room = BoundedSemaphore(1 if settings.public else 2)

    def known(self, recipe: Recipe) -> Forecast | None:
        """The stored plan of a recipe, if any."""
        return self._found.get(as_yaml(recipe))

    def plan(self, recipe: Recipe, *, asker: str) -> Forecast | None:
        """Plan a recipe; None if the same visitor has since requested another plan.

        Raises:
            RunError: the recipe or its data are wrong; the message says what.
        """
        text, ticket = as_yaml(recipe), secrets.token_hex(8)
        self._supersede(asker, ticket)
        if text in self._found:
            return self._found[text]
        time.sleep(_PAUSE)
        with self._room:
            return self._run(text, asker, ticket)

    def drop(self, *, asker: str) -> None:
        """Cancel this visitor's pending plan: the form is now invalid, so an older plan must not be shown."""
        self._supersede(asker, None)

    def _supersede(self, asker: str, ticket: str | None) -> None:
        with self._lock:
            self._newest.pop(asker, None)
            if ticket:
                self._newest[asker] = ticket
            superseded = self._running.pop(asker, None)
        if superseded:
            superseded.cancel()

    def _run(self, text: str, asker: str, ticket: str) -> Forecast | None:
        request = home() / "answers" / f"{ticket}.yaml"
        request.parent.mkdir(parents=True, exist_ok=True)
        request.write_text(text, encoding="utf-8")
        try:
            with self._lock:
                if self._newest.get(asker) != ticket:
                    return None
                command = self._running[asker] = Command(["plan", str(request)])
            answer = command.answer(seconds=_LONGEST)
        finally:
            request.unlink(missing_ok=True)
            with self._lock:
                if self._newest.get(asker) == ticket:
                    self._newest.pop(asker)
                    self._running.pop(asker, None)
        if answer is None:
            return None
        self._found[text] = found = _forecast(answer)
        while len(self._found) > _KEPT:
            self._found.popitem(last=False)
        return found


def _forecast(answer: Mapping[str, Any]) -> Forecast:
    return Forecast(
        parts={part["name"]: part["parameters"] for part in answer["parts"]},
        trained_parameters=sum(part["parameters"] for part in answer["parts"] if part["trains"]),
        steps=answer["steps"],
        draws=answer["draws"],
        seconds=answer["seconds"],
        memory_bytes=answer["memory_bytes"],
        cache_bytes=answer["cache_bytes"],
        checkpoint_bytes=answer["checkpoint_bytes"],
        warnings=tuple(answer["warnings"]),
        advised=answer["advice"]["preset"],
        reasons=tuple(answer["advice"]["reasons"]),
    )
