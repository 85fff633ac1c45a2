"""The services for every tab, error messages, and small components."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import gradio as gr

from demo.answers.engines import Engines
from demo.latest_only import LatestOnly
from demo.runs import RunManager
from demo.settings import Settings
from demo.views import message
from mtl.errors import MtlError

Handler = Callable[..., tuple[Any, ...]]
ENGINE_SLOTS = 4
"""How many handlers may run a model at once, for all visitors together."""
QUICK: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
"""Options of events whose handler is quick."""
UNCHANGED = "(value) => value"
"""A handler in the browser that hands its input on: a late answer of the server could replace a newer value."""
ON_ENGINE: dict[str, Any] = {
    "concurrency_id": "engine",
    "concurrency_limit": ENGINE_SLOTS,
    "api_visibility": "private",
}
"""Options of events whose handler runs a model."""


@dataclass(frozen=True)
class Shared:
    """The services of the page, and the components that all tabs read."""

    settings: Settings
    engines: Engines
    runs: RunManager
    picker: gr.Dropdown
    owner: gr.State
    watched: gr.BrowserState
    """The run that this browser watches. It is outside the Train tab, where components have no value at first."""
    width: gr.Number
    """The width of the browser window in pixels."""


def reporting(handler: Handler, *, outputs: int, notes: bool = False, clears: bool = True) -> Handler:
    """Add a first output to a handler: the message of an `mtl` error, or an empty text.

    Args:
        handler: returns a tuple of `outputs` values.
        outputs: how many; they do not change if there is an error.
        notes: whether the handler returns what stands there otherwise as a value before these.
        clears: whether the message goes if there is no error. A handler that nobody asked for leaves it, or its late
            answer would take away the message of a press that came in the meantime.
    """

    @wraps(handler)
    def wrapped(*values: Any) -> tuple[Any, ...]:  # noqa: ANN401
        try:
            return handler(*values) if notes else ("" if clears else gr.skip(), *handler(*values))
        except MtlError as error:
            return (message.problem(error), *(gr.skip() for _ in range(outputs)))

    return wrapped


def latest(handler: Callable[..., Any], *, outputs: int, begins: bool = True) -> Callable[..., Any]:
    """Drop the answer to a request if a newer request has come in the meantime.

    The event needs a `gr.State(LatestOnly())` as its first input, and `trigger_mode="multiple"` or `"always_last"`: by
    default Gradio ignores a request while another one is pending.

    Args:
        handler: returns `outputs` values, as Gradio takes them.
        outputs: how many; they do not change if the answer is dropped.
        begins: whether this is a request of the visitor. A timer is not: requests drop it, and it drops none.
    """

    # No `wraps`: Gradio would count the parameters of the inner handler, which has one less.
    def wrapped(requests: LatestOnly, *values: Any) -> Any:  # noqa: ANN401
        number = requests.begin() if begins else requests.latest
        answer = handler(*values)
        if requests.is_latest(number):
            return answer
        return gr.skip() if outputs == 1 else tuple(gr.skip() for _ in range(outputs))

    return wrapped


def constant(text: str) -> str:
    """A handler in the browser that returns this text."""
    return f"() => {json.dumps(text)}"


def example_buttons(titles: list[str]) -> list[gr.Button]:
    """A row of small buttons for examples."""
    with gr.Row(elem_classes="ph-examples"):
        gr.HTML('<span class="ph-note">Examples:</span>')
        return [gr.Button(title, size="sm", elem_classes="ph-example") for title in titles]


def message_place(elem_id: str | None = None) -> gr.HTML:
    """The place for an error message; it takes no space while it is empty."""
    return gr.HTML("", elem_classes="ph-message", elem_id=elem_id)


def heading(title: str, line: str = "") -> None:
    """The title of a section, with an optional line below it."""
    below = f"<p>{line}</p>" if line else ""
    gr.HTML(f'<div class="ph-heading"><h2>{title}</h2>{below}</div>')
