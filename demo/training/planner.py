"""The plan of a recipe, made by `python -m mtl plan` in a separate process so that the page never blocks."""

import secrets
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Event, Lock, Thread
from typing import Any

from demo.runs.commands import Command, Work, answers_folder
from demo.runs.recipe_limits import need_affordable
from demo.runs.recipe_text import as_yaml
from demo.settings import Settings
from demo.training.planned import plan_key
from mtl.errors import MtlError, RunError
from mtl.recipe import Recipe

_PAUSE = 0.6  # seconds to wait for a further change before planning
_LONGEST = 300.0  # seconds of a plan that nobody caps
_LONGEST_WAIT = 90.0  # seconds in which a visitor's thread waits; the plan goes on being made, and is known later
_MOST_WAITING = 12  # threads of the page that wait for plans
_OF_ADDRESS = 8  # of them for visitors from one address
_KEPT = 100
_REMEMBERED = 1000  # visitors and addresses whose turn is remembered


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
    is_upper_bound: bool = False
    """Whether `steps` and `draws` are the most that L-BFGS may take."""


@dataclass(eq=False)
class _Job:
    """A recipe that is planned once, for all who ask; it is dropped when nobody does any more."""

    key: str
    text: str
    askers: set["_Ask"] = field(default_factory=set)
    command: Command | None = None
    found: Forecast | None = None
    error: MtlError | OSError | None = None
    is_dropped: bool = False


@dataclass(eq=False)
class _Ask:
    """The newest question of one visitor; `ready` is set when it is answered, or superseded."""

    asker: str
    address: str
    key: str
    ready: Event = field(default_factory=Event)
    is_superseded: bool = False

    @property
    def group(self) -> str:
        """Those who share their turns."""
        return self.address or self.asker


class Planner:
    """Plans for all visitors; each recipe is planned once, and again when its files have changed.

    A visitor has one question: a newer one takes the place of the older one. No thread of the page waits for long.

    Args:
        settings: a public page plans one recipe at a time.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._found: OrderedDict[str, Forecast] = OrderedDict()
        self._newest: dict[str, _Ask] = {}
        self._jobs: OrderedDict[str, _Job] = OrderedDict()
        self._running: set[_Job] = set()
        self._lock = Lock()
        self._served: dict[str, int] = {}
        self._begun = 0
        self._at_once = 1 if settings.public else 2

    def known(self, recipe: Recipe) -> Forecast | None:
        """The stored plan of a recipe, if any; of files that have changed since there is none."""
        return self._found.get(plan_key(recipe))

    def plan(self, recipe: Recipe, *, asker: str, address: str = "") -> Forecast | None:
        """Plan a recipe; None if the same visitor has since requested another plan.

        Args:
            recipe: what to plan.
            asker: the visitor.
            address: the visitor's network address, empty if it is not known.

        Raises:
            RunError: the recipe or its data are wrong, or too many plans are asked for; the message says what.
            RecipeError: the recipe costs more than this page allows.
        """
        need_affordable(recipe, self._settings)
        key = plan_key(recipe)
        ask = _Ask(asker, address, key)
        with self._lock:
            self._supersede(asker)
            if key in self._found:
                return self._found[key]
            self._need_room(address)
            self._newest[asker] = ask
        try:
            if key not in self._jobs and ask.ready.wait(_PAUSE):
                return None
            with self._lock:
                if ask.is_superseded:
                    return None
                job = self._jobs.setdefault(key, _Job(key, as_yaml(recipe)))
                job.askers.add(ask)
                self._begin()
            return self._answer(ask, job)
        finally:
            with self._lock:
                self._leave(ask)

    def drop(self, *, asker: str) -> None:
        """Cancel this visitor's pending plan: the form is now invalid, so an older plan must not be shown."""
        with self._lock:
            self._supersede(asker)

    def _answer(self, ask: _Ask, job: _Job) -> Forecast | None:
        if not ask.ready.wait(_LONGEST_WAIT):
            raise RunError("The plan takes longer than usual, since others are planned first; change nothing and wait.")
        if ask.is_superseded:
            return None
        if job.error is not None:
            raise job.error
        return job.found

    def _need_room(self, address: str) -> None:
        near = sum(bool(address) and ask.address == address for ask in self._newest.values())
        if len(self._newest) >= _MOST_WAITING or near >= _OF_ADDRESS:
            raise RunError("Too many plans are being made at the moment; change a field to try again.")

    def _supersede(self, asker: str) -> None:
        ask = self._newest.get(asker)
        if ask is not None:
            ask.is_superseded = True
            self._leave(ask)
            ask.ready.set()

    def _leave(self, ask: _Ask) -> None:
        """Forget a question. A plan that nobody waits for is not begun, and one that is superseded is cancelled.

        One under way whose visitor only lost patience goes on: the answer is known later.
        """
        if self._newest.get(ask.asker) is ask:
            del self._newest[ask.asker]
        for job in [job for job in self._jobs.values() if ask in job.askers]:
            job.askers.discard(ask)
            if job.askers or (job in self._running and not ask.is_superseded):
                continue
            del self._jobs[job.key]  # whoever asks the same from now on gets a new one
            job.is_dropped = True
            if job.command is not None:
                job.command.cancel()

    def _begin(self) -> None:
        """Start the next plan while there is room, of those whose turn was longest ago."""
        waiting = [job for job in self._jobs.values() if job not in self._running]
        waiting.sort(key=lambda job: min((self._served.get(ask.group, 0) for ask in job.askers), default=0))
        for job in waiting[: max(0, self._at_once - len(self._running))]:
            self._running.add(job)
            self._begun += 1
            self._served |= {ask.group: self._begun for ask in job.askers}
            try:
                Thread(target=self._run, args=(job,), name="plan", daemon=True).start()
            except RuntimeError:  # the system has no room for a thread
                job.error = RunError("This server has no room for another plan at the moment; try again later.")
                self._settle(job)
        if len(self._served) > _REMEMBERED:
            self._served.clear()

    def _run(self, job: _Job) -> None:
        try:
            job.found = self._made(job)
        except (MtlError, OSError) as error:
            job.error = error
        except Exception as error:
            job.error = RunError(f"The plan could not be made: {type(error).__name__}.")
            raise
        finally:
            self._finish(job)

    def _made(self, job: _Job) -> Forecast | None:
        request = answers_folder() / f"{secrets.token_hex(8)}.yaml"
        try:
            request.write_text(job.text, encoding="utf-8")
            with self._lock:
                if job.is_dropped:
                    return None
                job.command = Command(["plan", str(request)], settings=self._settings, work=Work.TORCH)
            answer = job.command.answer(seconds=min(_LONGEST, 60 * (self._settings.max_minutes or _LONGEST)))
        finally:
            request.unlink(missing_ok=True)
        return None if answer is None else _forecast(answer)

    def _finish(self, job: _Job) -> None:
        with self._lock:
            self._settle(job)
            if job.found is not None:
                self._found[job.key] = job.found
                while len(self._found) > _KEPT:
                    self._found.popitem(last=False)
            self._begin()

    def _settle(self, job: _Job) -> None:
        """Let those who wait for a job go on."""
        self._running.discard(job)
        if self._jobs.get(job.key) is job:
            del self._jobs[job.key]
        for ask in job.askers:
            ask.ready.set()


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
        is_upper_bound=answer["is_upper_bound"],
    )
