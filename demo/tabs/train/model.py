"""Step 2 of the Train tab: the encoder that all heads share."""

from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from demo.settings import Settings
from demo.training.recipe_form import OWN_POOLING
from mtl.recipe import Pooling


@dataclass(frozen=True)
class ModelStep:
    """The widgets of the step."""

    backbone: gr.Dropdown
    pooling: gr.Dropdown


def build_model_step(settings: Settings) -> ModelStep:
    """Lay out the step."""
    with gr.Row():
        backbone = gr.Dropdown(
            list(settings.backbones),
            value=settings.backbones[0],
            label="Backbone",
            info="Pick one, a trained model to go on from, or type a Hub id or a folder."
            if settings.any_backbone
            else "The encoder that all heads share, bare or trained before.",
            allow_custom_value=settings.any_backbone,
            min_width=260,
        )
        pooling = gr.Dropdown(
            [OWN_POOLING, *Pooling],
            value=OWN_POOLING,
            label="Pooling",
            info="How the vectors of a text's tokens become one.",
            min_width=260,
        )
    return ModelStep(backbone, pooling)


def model_summary(backbone: str, pooling: str, parameters: str) -> str:
    """The step in a line."""
    last = Path(backbone).parts[-2:]
    name = (last[0] if last[-1:] == ("best",) else last[-1]) if last else "no backbone"
    how = "its own pooling" if pooling == OWN_POOLING else f"{pooling} pooling"
    return " · ".join(part for part in (name, how, parameters) if part)
