"""The model of a run on the Hugging Face Hub: a name, a token, and the address at the end. Not on public pages."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from demo.tabs.shared import Shared, message_place
from demo.training.pushing import Upload, push_run
from demo.views import message
from demo.views.uploaded import uploaded
from mtl.errors import MtlError

_PRIVATE, _PUBLIC = "private: only you", "public: everybody"
_NO_MEMORY = gr.InputHTMLAttributes(autocomplete="off", spellcheck=False)
_Answer = tuple[str, str, str | dict[str, Any]]
"""An error message, what is being done or the address, and the token that the field shows from now on."""


@dataclass(frozen=True)
class Pushing:
    """The components of the section."""

    fold: gr.Accordion
    repository: gr.Textbox
    seen_by: gr.Radio
    token: gr.Textbox
    sample: gr.Checkbox
    go: gr.Button
    problem: gr.HTML
    line: gr.HTML

    @property
    def clearing(self) -> list[Any]:
        """The outputs of `empty_push`: what was entered for one run is not for another."""
        return [self.repository, self.token, self.seen_by, self.sample, self.problem, self.line]


def empty_push() -> tuple[str, str, str, bool, str, str]:
    """The section before anything is entered: nobody's consent to a public repository or to examples is kept."""
    return "", "", _PRIVATE, False, "", ""


def build_pushing() -> Pushing:
    """Build the section."""
    fold = gr.Accordion("Push to the Hub", open=False, elem_classes="ph-fold", elem_id="ph-push-fold")
    with fold, gr.Column():
        with gr.Row(elem_classes="ph-action"):
            repository = gr.Textbox(
                label="Repository",
                placeholder="owner/name",
                max_length=200,
                min_width=240,
                html_attributes=_NO_MEMORY,
                elem_id="ph-push-name",
            )
            token = gr.Textbox(
                label="Token",
                info="With the right to write. It is used once and kept nowhere; empty: that of hf auth login.",
                type="password",
                max_length=500,
                min_width=240,
                html_attributes=gr.InputHTMLAttributes(autocomplete="new-password", spellcheck=False),
                elem_id="ph-push-token",
            )
        with gr.Row(elem_classes="ph-action"):
            seen_by = gr.Radio([_PRIVATE, _PUBLIC], value=_PRIVATE, label="Seen by", elem_id="ph-push-seen")
            sample = gr.Checkbox(
                False,
                label="With a few dev examples",
                info="They are texts of your data; with them the model is verified wherever it is loaded.",
                elem_id="ph-push-sample",
            )
        with gr.Row(elem_classes="ph-action"):
            go = gr.Button("Push to the Hub", variant="primary", size="md", elem_id="ph-push-go")
        problem = message_place("ph-push-problem")
        line = gr.HTML("", elem_id="ph-push-line")
    return Pushing(fold, repository, seen_by, token, sample, go, problem, line)


def wire_pushing(shared: Shared, widgets: Pushing, opened: gr.State) -> None:
    """Connect the button."""
    widgets.go.click(
        partial(push, shared),
        [shared.owner, opened, widgets.repository, widgets.token, widgets.seen_by, widgets.sample],
        [widgets.problem, widgets.line, widgets.token],
        concurrency_id="pushing",
        show_progress="hidden",
        api_visibility="private",
    )


def push(
    shared: Shared,
    owner: str,
    run_id: str,
    repository: str | None,
    token: str | None,
    *choices: Any,  # noqa: ANN401
) -> Iterator[_Answer]:
    """Upload the model of a run; the first answer empties the field of the token."""
    seen_by, sample = choices
    yield "", message.note("Starting …"), ""
    try:
        run = shared.runs.get(run_id, owner)
        asked = Upload(repository or "", token or "", private=seen_by != _PUBLIC, sample=bool(sample))
        steps = push_run(run, asked, shared.settings)
        while True:
            yield "", message.note(f"{next(steps)} …"), gr.skip()
    except StopIteration as end:
        yield "", uploaded(end.value), gr.skip()
    except MtlError as error:
        yield message.problem(error), "", gr.skip()
