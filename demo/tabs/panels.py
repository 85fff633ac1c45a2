"""Panels: results that are marked as soon as they no longer belong to the inputs on the page.

A request carries a fingerprint of the panel's inputs, made in the browser. The answer brings the fingerprint back. As
long as it differs from that of the current inputs, the browser marks the panel (`demo/assets/panels.js`): "Updating …"
if a request is pending, else "Out of date". The browser also numbers the requests: the server drops the answer to a
request that is not the latest one, even if the queue changed their order.
"""

import inspect
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from demo.latest_only import LatestOnly
from demo.views import message
from mtl.errors import MtlError

_TELL = (
    "const tell = () => { (window.phShown ??= {})[NAME] = props.value ?? ''; window.phPanels?.mark(); };"
    " watch('value', tell); tell();"
)
NUMBERED = "(...values) => { values[0] = window.phPanels?.next() ?? 0; return values; }"
"""JavaScript that replaces the first input of an event by its place in the order of all requests."""


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
    """Number and fingerprint of a request, filled in by the browser."""
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

    def refresh(
        self, handler: Callable[..., tuple[Any, ...]], inputs: Sequence[Any], outputs: Sequence[Any]
    ) -> dict[str, Any]:
        """An event that shows the results of the latest request again, after something else on the page has changed.

        It is no request of its own: one that the visitor made and that is pending is answered all the same.
        """
        given = [self.requests, self.sent, *inputs]

        def refreshing(requests: LatestOnly, sent: str, *values: Any) -> Any:  # noqa: ANN401
            return answering_again(handler, outputs=len(outputs))(requests, sent, *values)

        script = f"(...values) => window.phPanels?.refresh({json.dumps(self.name)}, values) ?? values"
        return {"fn": refreshing, "inputs": given, "outputs": list(outputs), "js": script}

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
) -> Callable[..., tuple[Any, ...]]:
    """A handler that takes the panel's requests, what the browser sent, and then the inputs of `handler`.

    It returns the fingerprint, an error message if it `reports` errors of `mtl`, and the outputs. The outputs stay as
    they are if there was an error or `handler` returned None; everything does if a newer request has come.
    """
    unchanged = _unchanged(outputs)

    def answer(requests: LatestOnly, sent: str, *values: Any) -> tuple[Any, ...]:  # noqa: ANN401
        number, fingerprint = _begun(requests, sent)
        found = (f"!{fingerprint}", *_message("", reports), *unchanged)
        try:
            if requests.is_latest(number) and (answered := handler(*values)) is not None:
                found = (fingerprint, *_message("", reports), *answered)
        except MtlError as error:
            if not reports:
                raise
            found = (f"!{fingerprint}", message.problem(error), *unchanged)
        return found if requests.is_latest(number) else _unchanged(len(found))

    return answer


def answering_again(handler: Callable[..., tuple[Any, ...]], *, outputs: int) -> Callable[..., tuple[Any, ...]]:
    """A handler that takes the panel's requests, the number of the latest one, and then the inputs of `handler`.

    It returns the outputs, which stay as they are while that request, or a newer one, is pending.
    """

    def answer(requests: LatestOnly, sent: str | None, *values: Any) -> tuple[Any, ...]:  # noqa: ANN401
        number = int(sent) if sent and sent.isdecimal() else requests.latest
        found = handler(*values) if requests.is_latest(number) else None
        return found if found is not None and requests.is_latest(number) else _unchanged(outputs)

    return answer


def answering_stream(
    handler: Callable[..., Iterator[tuple[Any, ...]]], *, outputs: int, reports: bool = False
) -> Callable[..., Iterator[tuple[Any, ...]]]:
    """As `answering`, for a generator; the fingerprint comes after its last outputs."""
    unchanged = _unchanged(outputs)

    def answers(fingerprint: str, *values: Any) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
        try:
            for found in handler(*values):
                yield (gr.skip(), *_message("", reports), *found)
            yield (fingerprint, *_message(gr.skip(), reports), *unchanged)
        except MtlError as error:
            if not reports:
                raise
            yield (f"!{fingerprint}", message.problem(error), *unchanged)

    def answer(requests: LatestOnly, sent: str, *values: Any) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401
        number, fingerprint = _begun(requests, sent)
        found = answers(fingerprint, *values) if requests.is_latest(number) else iter(())
        for one in found:
            if not requests.is_latest(number):
                break
            yield one
        # Gradio sends the last answer of a generator once more at its end, so that one changes nothing.
        yield _unchanged(1 + reports + outputs)

    return answer


def _begun(requests: LatestOnly, sent: str | None) -> tuple[int, str]:
    """The number of a request that begins, and its fingerprint; a program may send neither."""
    number, _, fingerprint = (sent or "").partition("|")
    return requests.begin(int(number) if number.isdecimal() else None), fingerprint


def _message(content: Any, reports: bool) -> tuple[Any, ...]:  # noqa: ANN401
    return (content,) if reports else ()


def _unchanged(outputs: int) -> tuple[Any, ...]:
    return tuple(gr.skip() for _ in range(outputs))
