"""The model before and after a run, on the same sentences."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from demo.answers import passes
from demo.answers.cost import need_typed
from demo.answers.engines import Engines, began_key_of, key_of
from demo.inputs.examples import CLASS_EXAMPLES, ENTITY_EXAMPLES
from demo.inputs.text_input import lines_of
from demo.maps.before_after import change
from demo.tabs.panels import Panel, build_panel, panel_class
from demo.tabs.shared import ON_ENGINE, Shared, message_place
from demo.views import figures
from demo.views.maps.before_after import HEIGHT, change_line, change_map, change_table

_PANEL = "before-after"
_SENTENCES = "\n".join([*CLASS_EXAMPLES["several"], ENTITY_EXAMPLES["a meeting"], ENTITY_EXAMPLES["lower case"]])


@dataclass(frozen=True)
class BeforeAfter:
    """The components of the section."""

    fold: gr.Accordion
    sentences: gr.Textbox
    other: gr.Dropdown
    go: gr.Button
    problem: gr.HTML
    line: gr.HTML
    map: gr.Plot
    table: gr.HTML
    panel: Panel

    @property
    def results(self) -> list[Any]:
        """The components that the button fills."""
        return [self.line, self.map, self.table]

    @property
    def clearing(self) -> list[Any]:
        """The components that `empty_change` empties."""
        return [self.panel.shown, *self.results]


def build_before_after() -> BeforeAfter:
    """Build the section."""
    with gr.Accordion("Before and after", open=True, elem_classes="ph-fold", elem_id="ph-before-after") as fold:
        with gr.Row():
            with gr.Column(min_width=320):
                sentences = gr.Textbox(
                    _SENTENCES, label="Sentences for both models, one per line", lines=8, max_lines=12
                )
                other = gr.Dropdown([], label="Before", info="The model to compare with.")
                with gr.Row(elem_classes="ph-action"):
                    go = gr.Button("Show before and after", variant="primary", size="md", elem_id="ph-show-change")
                    line = gr.HTML("", elem_id="ph-change-line")
                problem = message_place("ph-change-problem")
            with gr.Column(min_width=320, elem_classes=panel_class(_PANEL)):
                places = gr.Plot(_empty_map(), show_label=False, elem_id="ph-change-map", elem_classes="ph-figure-box")
        table = gr.HTML("", elem_id="ph-change-table", elem_classes=panel_class(_PANEL))
        panel = build_panel(_PANEL, [sentences, other])
    return BeforeAfter(fold, sentences, other, go, problem, line, places, table, panel)


def empty_change() -> tuple[Any, ...]:
    """Empty results, for another run."""
    return "", "", _empty_map(), ""


def _empty_map() -> Any:  # noqa: ANN401
    return figures.placeholder("Rings: before. Dots: after.", height=HEIGHT)


def before_choices(engines: Engines, run_id: str, owner: str) -> list[tuple[str, str]]:
    """The initial model of the run, and all other models."""
    others = [(title, key) for title, key in engines.choices(owner) if key != key_of(run_id)]
    return [("initial model of the run", began(run_id)), *others]


def began(run_id: str) -> str:
    """The default choice."""
    return began_key_of(run_id)


def wire_before_after(shared: Shared, widgets: BeforeAfter, opened: gr.State) -> None:
    """Connect the button."""
    widgets.go.click(
        **widgets.panel.event(
            partial(_compare, shared),
            [shared.owner, opened, widgets.sentences, widgets.other],
            widgets.results,
            problem=widgets.problem,
        ),
        trigger_mode="multiple",
        show_progress="minimal",
        show_progress_on=widgets.line,
        **ON_ENGINE,
    )


def _compare(shared: Shared, owner: str, run_id: str, text: str, other: str) -> tuple[Any, ...]:
    lines = lines_of(text, shared.settings)
    models = [shared.engines.get(key, owner) for key in (other, key_of(run_id))]
    for model in models:
        need_typed(model, lines, shared.settings)
    before, after = (passes.analyze_texts(model, lines) for model in models)
    found = change(before, after)
    return change_line(found), change_map(found), change_table(found)
