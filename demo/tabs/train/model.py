"""Step 2 of the Train tab: the shared encoder."""

from dataclasses import dataclass
from pathlib import Path

import gradio as gr

from demo.settings import Settings
from demo.training.recipe_form import OWN_POOLING
from mtl.recipe import Pooling


@dataclass(frozen=True)
class ModelStep:
    """The components of the step."""

    backbone: gr.Dropdown
    pooling: gr.Dropdown


def build_model_step(settings: Settings) -> ModelStep:
    """Build the step."""
    with gr.Row():
        backbone = gr.Dropdown(
            list(settings.backbones),
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
    return ModelStep(backbone, pooling)


def model_summary(backbone: str, pooling: str, parameters: str) -> str:
    """A summary of the step in one line."""
    last = Path(backbone).parts[-2:]
    name = (last[0] if last[-1:] == ("best",) else last[-1]) if last else "no backbone"
    how = "default pooling" if pooling == OWN_POOLING else f"{pooling} pooling"
    return " · ".join(part for part in (name, how, parameters) if part)
