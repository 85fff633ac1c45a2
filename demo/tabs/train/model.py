"""Step 2 of the Train tab: the shared encoder."""

from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from demo.settings import Settings
from demo.tabs.panels import panel_class
from demo.training import backbone_choice
from demo.training.recipe_form import OWN_POOLING
from demo.views import catalogue
from mtl.backbones.catalogue import DataSummary, find_entry
from mtl.recipe import Pooling


@dataclass(frozen=True)
class ModelStep:
    """The components of the step."""

    backbone: gr.Dropdown
    pooling: gr.Dropdown
    facts: gr.HTML
    advice: gr.HTML
    """A click on a backbone in it is an event `press` with its name."""


def build_model_step(settings: Settings) -> ModelStep:
    """Build the step."""
    with gr.Row():
        backbone = gr.Dropdown(
            backbone_choices(settings),
            value=settings.backbones[0],
            label="Backbone",
            info="Choose a backbone or a trained model, or type a Hub id or a folder."
            if settings.any_backbone
            else "The shared encoder: a pretrained backbone or a trained model.",
            allow_custom_value=settings.any_backbone,
            min_width=260,
        )
        pooling = gr.Dropdown(
            [("backbone default", OWN_POOLING), *((str(way), str(way)) for way in Pooling)],
            value=OWN_POOLING,
            label="Pooling",
            info="How token vectors become one sentence vector.",
            min_width=260,
        )
    facts = gr.HTML(facts_of(settings.backbones[0], is_checkpoint=False), elem_id="ph-backbone-facts")
    advice = gr.HTML(
        "", elem_id="ph-backbone-advice", js_on_load=catalogue.PRESS, elem_classes=["ph-message", *panel_class("form")]
    )
    return ModelStep(backbone, pooling, facts, advice)


def backbone_choices(settings: Settings) -> list[tuple[str, str]]:
    """Labels and names of the backbones that this page offers."""
    entries = backbone_choice.offered(settings)
    listed = {entry.name: catalogue.choice_label(entry) for entry in entries}
    return [(label, name) for name, label in ({name: name for name in settings.backbones} | listed).items()]


def facts_of(backbone: str, *, is_checkpoint: bool) -> str:
    """The facts of a backbone on one line; a trained model has those of its card."""
    return "" if is_checkpoint or not backbone.strip() else catalogue.facts_line(find_entry(backbone.strip()))


def advice_for(data: DataSummary, settings: Settings) -> str:
    """The backbones that fit the selected data, with reasons."""
    return catalogue.recommendations(backbone_choice.recommended(data, settings))


def model_summary(backbone: str, pooling: str, parameters: str) -> str:
    """A summary of the step in one line."""
    last = Path(backbone).parts[-2:]
    name = (last[0] if last[-1:] == ("best",) else last[-1]) if last else "no backbone"
    how = "default pooling" if pooling == OWN_POOLING else f"{pooling} pooling"
    return " · ".join(part for part in (name, how, parameters) if part)
