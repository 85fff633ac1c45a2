"""Candidates measured on this machine: the fastest of those that answer as fp32 does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mtl.errors import BackendError
from mtl.inference.autotune import machine
from mtl.inference.autotune.candidates import Notes, Prepared, candidates
from mtl.inference.autotune.choice import Choice, Measurement
from mtl.inference.autotune.gate import Gate
from mtl.inference.backends import DEFAULT_BATCH_TOKENS, Backend
from mtl.inference.options import EngineOptions

_SECONDS = 2.0  # of passes in turn, beyond the least
_LEAST_ROUNDS, _MOST_ROUNDS = 2, 8
_CLOSE = 0.8  # of the fastest one's speed: passes in turn part these
_TIED = 0.95  # of the fastest one's speed: the first candidate of these is taken, whoever won by chance
_STEADY = 0.6  # of a candidate's best speed: on a calm machine no pass is slower
_ACCELERATOR_BATCH_TOKENS = 8192


@dataclass
class _Candidate:
    """One that was opened and run; `backend` is None where it is not wanted, and its memory was freed."""

    make: Callable[[], Backend]
    row: Measurement
    slowest: float
    backend: Backend | None

    @property
    def speed(self) -> float:
        """Of the best pass, in tokens a second."""
        return self.row.tokens_per_second

    def add(self, speed: float) -> None:
        """Take the speed of another pass."""
        self.slowest = min(self.slowest, speed)
        self.row = self.row.model_copy(update={"tokens_per_second": max(self.speed, speed)})


def choose(prepared: Prepared, options: EngineOptions) -> tuple[Backend, Choice]:
    """Find the backend and precision to run a model with.

    `auto` takes only what keeps the answers of fp32 (`mtl.inference.autotune.gate`). A precision that was asked for by
    name is given as it is.

    Raises:
        BackendError: the backend that was asked for cannot run this model.
    """
    notes = Notes()
    makers = candidates(prepared, options, notes)
    if len(makers) > 1:
        return _measured(prepared, makers, notes, asked=options.precision is not None)
    backend = makers[0]()
    reason = "nothing else runs here" if options == EngineOptions(long_texts=options.long_texts) else "it was asked for"
    return backend, _choice(prepared, backend, reason, notes=notes)


def _measured(
    prepared: Prepared, makers: Sequence[Callable[[], Backend]], notes: Notes, *, asked: bool
) -> tuple[Backend, Choice]:
    share = machine.core_share()
    gate = Gate(prepared, notes)
    found: list[_Candidate] = []
    for make in makers:
        try:
            found.append(_opened(make, gate))
        except BackendError as error:
            notes.append(str(error))
        _free(found, asked=asked)
    close = [one for one in found if one.backend is not None]
    if len(close) > 1:
        _take_turns(close, gate)
    share = min(share, machine.core_share())
    steady = all(one.slowest >= _STEADY * one.speed for one in close)
    backend, reason = _best(found, gate, asked=asked)
    if share < machine.CALM:
        reason += f"; provisional, this process got {share:.0%} of its cores"
    elif not steady:
        reason += "; provisional, its passes differed in speed"
    choice = _choice(prepared, backend, reason, notes=notes)
    rows = tuple(one.row for one in found)
    return backend, choice.model_copy(
        update={"measured": rows, "provisional": choice.provisional or share < machine.CALM or not steady}
    )


def _choice(prepared: Prepared, backend: Backend, reason: str, *, notes: Notes) -> Choice:
    on_processor = prepared.loaded.model.device.type == "cpu"
    if notes.unwritten:
        reason += "; provisional, a graph could not be written"
    return Choice(
        backend=backend.name,
        precision=backend.precision,
        reason=reason,
        batch_tokens=DEFAULT_BATCH_TOKENS if on_processor else _ACCELERATOR_BATCH_TOKENS,
        provisional=notes.unwritten,
        unwritten=notes.unwritten,
        measured_at=machine.now(),
        notes=tuple(notes),
    )


def _opened(make: Callable[[], Backend], gate: Gate) -> _Candidate:
    """A backend prepares itself for each shape that it meets, so the pass that compares its answers is not timed."""
    backend = make()
    fidelity = gate.compare(backend)
    speed = _speed(backend, gate)
    row = Measurement(backend=backend.name, precision=backend.precision, tokens_per_second=speed, fidelity=fidelity)
    return _Candidate(make, row, speed, backend)


def _speed(backend: Backend, gate: Gate) -> float:
    """Tokens a second in one pass over the probe sentences."""
    runner, begun = gate.runner(backend), machine.clock()
    tokens = int(runner(gate.probe).tokens.sum())
    return tokens / max(machine.clock() - begun, 1e-9)


def _free(found: Sequence[_Candidate], *, asked: bool) -> None:
    """Let those go that are clearly slower than the fastest, or that may not be taken."""
    usable = [one for one in found if asked or one.row.fidelity.faithful]
    fastest = max((one.speed for one in usable), default=0.0)
    for one in found:
        if one not in usable or one.speed < _CLOSE * fastest:
            one.backend = None


def _take_turns(close: Sequence[_Candidate], gate: Gate) -> None:
    """Run candidates again one after the other, so that what else the machine does hits all alike."""
    deadline = machine.clock() + _SECONDS
    for number in range(_MOST_ROUNDS):
        for one in close:
            if number >= _LEAST_ROUNDS and machine.clock() > deadline:
                return
            assert one.backend is not None
            one.add(_speed(one.backend, gate))


def _best(found: Sequence[_Candidate], gate: Gate, *, asked: bool) -> tuple[Backend, str]:
    """The backend to take and why; one that was not asked for keeps the answers on the whole sample too."""
    while usable := [one for one in found if asked or one.row.fidelity.faithful]:
        fastest = max(one.speed for one in usable)
        best = next(one for one in usable if one.speed >= _TIED * fastest)
        best.backend = best.backend or best.make()
        if not asked:
            best.row = best.row.model_copy(update={"fidelity": gate.compare_all(best.backend)})
        if asked or best.row.fidelity.faithful:
            if best.speed == fastest:
                return best.backend, f"the fastest of {len(found)}"
            return best.backend, f"within {1 - _TIED:.0%} of the fastest of {len(found)}, and preferred to it"
    return gate.reference, f"none of {len(found)} keeps the answers of fp32"
