"""Try candidates: several backbones as linear probes on the selected data, side by side on the Runs tab."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import gradio as gr

from demo.runs.run_store import BACKBONE
from demo.serving.visitor import current
from demo.settings import Settings
from demo.tabs.shared import Shared, message_place
from demo.tabs.train.answers import Answers
from demo.tabs.train.model import backbone_choices
from demo.views import message
from mtl.comparing import linear_probe

ROWS = 500
"""Training examples of each task that a probe learns from, at most."""
_TOLD = (
    f"Each backbone embeds up to {ROWS} training examples of each selected task and the dev data, and linear heads "
    "learn on them. Quality, time and memory appear side by side on Runs."
)


@dataclass(frozen=True)
class Candidates:
    """The chosen backbones, the button, and the place for its message."""

    names: gr.Dropdown
    start: gr.Button
    problem: gr.HTML


def build_candidates(settings: Settings) -> Candidates | None:
    """Build the fold; None where the page offers one backbone only."""
    offered = backbone_choices(settings)
    if len(offered) < 2 and not settings.any_backbone:
        return None
    with gr.Accordion("Try candidates", open=False, elem_classes="ph-fold", elem_id="ph-candidates-fold"):
        gr.HTML(message.note(_TOLD))
        names = gr.Dropdown(
            offered,
            value=[name for _, name in offered[:1]],
            multiselect=True,
            allow_custom_value=settings.any_backbone,
            label="Candidates",
            info="Two or more backbones.",
            elem_id="ph-candidates",
        )
        problem = message_place("ph-candidates-problem")
        with gr.Row(elem_classes="ph-action"):
            start = gr.Button("Try candidates", size="md", elem_id="ph-try-candidates")
    return Candidates(names, start, problem)


def try_candidates(shared: Shared, answers: Answers, owner: str, names: Sequence[str], *values: Any) -> tuple[str]:  # noqa: ANN401
    """Start the comparison of the candidates on the data of the form.

    Returns:
        The id of the comparison.

    Raises:
        MtlError: there are fewer than two candidates, the page does not offer one, or a field of the form is wrong.
    """
    recipe, chosen = answers.candidates(owner, names, *values)
    presets = [f"{BACKBONE}{name}" for name in chosen]
    folder = shared.runs.compare(linear_probe(recipe, ROWS), presets, owner=owner, address=current().address)
    return (folder.id,)
