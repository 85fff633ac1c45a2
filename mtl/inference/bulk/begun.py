"""The engine of a call that goes on: it runs the model as the parts that are finished already were run."""

from mtl.errors import BackendError, InputError
from mtl.inference.engine import Engine
from mtl.inference.options import AUTO
from mtl.json_text import parse_json


def load_engine(name: str, *, precision: str, state: str | bytes | None) -> Engine:
    """Load a model for a file of which parts may be finished; errors as `Engine.load`.

    What is chosen on a machine may change between two calls, for example because the disk has room for a graph now. The
    parts that are there stay of use if the same model runs with the backend and precision that they were made with.

    Args:
        name: as `Engine.load`.
        precision: as `Engine.load`; only `auto` leaves anything to choose.
        state: the text of the state file of finished parts, None where there are none.
    """
    engine = Engine.load(name, precision=precision)
    fingerprint, backend, before = _model_of(state)
    now = (engine.choice.backend, engine.choice.precision)
    if precision != AUTO or not engine.fingerprint or fingerprint != engine.fingerprint or (backend, before) == now:
        return engine
    try:
        return Engine.load(name, precision=before, backend=backend)
    except (BackendError, InputError):  # there is no such backend, or it cannot run the model any more
        return engine


def _model_of(state: str | bytes | None) -> tuple[str, str, str]:
    """The parts of a `model_key`; empty where the file is not there or damaged."""
    try:
        fingerprint, backend, precision = parse_json(state or "{}")["model"].split("|")
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", "", ""
    return fingerprint, backend, precision
