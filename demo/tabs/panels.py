"""Panels: results that are marked as soon as they no longer belong to the inputs on the page.

A request carries a fingerprint of the panel's inputs, made in the browser. The answer brings the fingerprint back. As
long as it differs from that of the current inputs, the browser marks the panel (`demo/assets/panels.js`): "Updating …"
if a request is pending, else "Out of date". An answer to an older request is dropped on the server.
"""

import inspect
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from demo.latest_only import LatestOnly
from demo.tabs.shared import latest, latest_stream
from demo.views import message
from mtl.errors import MtlError

_TELL = (
    "const tell = () => { (window.phShown ??= {})[NAME] = props.value ?? ''; window.phPanels?.mark(); };"
    " watch('value', tell); tell();"
)


def panel_class(*names: str) -> list[str]:
    """The CSS classes of an element that shows results of these panels."""
    return [f"ph-panel-{name}" for name in names]


@dataclass(frozen=True)
class Panel:
    """The inputs that results depend on, and the state of the requests for them.

    `after` is a panel whose results are an input too. Without `inputs` (None) the results belong to the last request,
    whatever the widgets contain by then.
    """

    name: str
    inputs: tuple[Any, ...] | None
    after: "Panel | None"
    sent: gr.Textbox
    """Fingerprint of a request, filled in by the browser."""
    shown: gr.HTML
    """Fingerprint of the results on the page, or of a failed request with an exclamation mark before it."""
    requests: gr.State

    def event(
        self,
        handler: Callable[..., Any],
        inputs: Sequence[Any],
        outputs: Sequence[Any],
        *,
        problem: gr.HTML | None = None,
    ) -> dict[str, Any]:
        """The function, inputs, outputs and script of a Gradio event that answers this panel.

        The event needs `trigger_mode="multiple"` or `"always_last"`: by default Gradio ignores a request while another
        one is pending.

        Args:
            handler: takes the inputs and returns a tuple of the outputs; a generator function yields such tuples.
            inputs: what the handler takes.
            outputs: what the handler fills.
            problem: the place for an `mtl` error; the outputs then keep their content.
        """
        before = [self.requests, self.sent, *([self.after.shown] if self.after else [])]
        given = [*before, *inputs]
        given += [widget for widget in self.inputs or () if widget not in given]
        wrap = answering_stream if inspect.isgeneratorfunction(handler) else answering
        answer = wrap(handler, outputs=len(outputs), reports=problem is not None)

        def taking(requests: LatestOnly, sent: str, *values: Any) -> Any:  # noqa: ANN401
            return answer(requests, sent, *values[len(before) - 2 :][: len(inputs)])

        def streaming(requests: LatestOnly, sent: str, *values: Any) -> Iterator[Any]:  # noqa: ANN401
            yield from taking(requests, sent, *values)

        return {
            "fn": streaming if wrap is answering_stream else taking,
            "inputs": given,
            "outputs": [self.shown, *([problem] if problem else []), *outputs],
            "js": self._script(given),
        }

    def after_edit(self, event: dict[str, Any]) -> dict[str, Any]:
        """An event of this panel that follows a change of an input which the browser cannot see, such as a file."""
        edit = f"window.phPanels?.edited({json.dumps(self.name)})"
        return event | {"js": f"(...values) => {{ {edit}; return ({event['js']})(...values); }}"}

    def _script(self, given: Sequence[Any]) -> str:
        places = None if self.inputs is None else [given.index(widget) for widget in self.inputs]
        after = self.after.name if self.after else ""
        call = f"window.phPanels.request({json.dumps(self.name)}, {json.dumps(after)}, {json.dumps(places)}, values)"
        return f"(...values) => window.phPanels ? {call} : values"


def build_panel(name: str, inputs: Sequence[Any] | None = (), *, after: Panel | None = None) -> Panel:
    """A panel whose inputs are watched in the browser."""
    watched = None if inputs is None else tuple(inputs)
    sent = gr.Textbox("", visible=False)
    shown = gr.HTML("", visible="hidden", js_on_load=_TELL.replace("NAME", json.dumps(name)))
    if watched:
        script = f"(...values) => {{ window.phPanels?.changed({json.dumps(name)}, values); return []; }}"
        gr.on([widget.change for widget in watched], None, list(watched), None, js=script)
    return Panel(name, watched, after, sent, shown, gr.State(LatestOnly()))


def answering(
    handler: Callable[..., tuple[Any, ...] | None], *, outputs: int, reports: bool = False
) -> Callable[..., Any]:
    """A handler that takes the panel's requests, a fingerprint, and then the inputs of `handler`.

    It returns the fingerprint, an error message if it `reports` errors of `mtl`, and the outputs. The outputs stay as
    they are if there was an error or `handler` returned None; everything does if a newer request has come.
    """
    unchanged = tuple(gr.skip() for _ in range(outputs))

    def answer(sent: str, *values: Any) -> tuple[Any, ...]:  # noqa: ANN401
        try:
            found = handler(*values)
        except MtlError as error:
            if not reports:
                raise
            return (f"!{sent}", message.problem(error), *unchanged)
        if found is None:
            return (f"!{sent}", *_message("", reports), *unchanged)
        return (sent, *_message("", reports), *found)

    return latest(answer, outputs=1 + reports + outputs)


def answering_stream(
    handler: Callable[..., Iterator[tuple[Any, ...]]], *, outputs: int, reports: bool = False
) -> Callable[..., Iterator[Any]]:
    """As `answering`, for a generator; the fingerprint comes after its last outputs."""
    unchanged = tuple(gr.skip() for _ in range(outputs))

    def answer(sent: str, *values: Any) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
        try:
            for found in handler(*values):
                yield (gr.skip(), *_message("", reports), *found)
            yield (sent, *_message(gr.skip(), reports), *unchanged)
        except MtlError as error:
            if not reports:
                raise
            yield (f"!{sent}", message.problem(error), *unchanged)

    return latest_stream(answer, outputs=1 + reports + outputs)


def _message(content: Any, reports: bool) -> tuple[Any, ...]:  # noqa: ANN401
    return (content,) if reports else ()
