"""Step 3 of the Train tab: what trains, by name or by pressing blocks of the network."""

from dataclasses import dataclass

import gradio as gr

from demo.tabs.panels import panel_class
from demo.training.freezing_choice import Freezing
from demo.views.training.plan import advice
from demo.views.training.stack import PRESS
from mtl.recipe import Preset

PRESETS = {
    Preset.HEADS_ONLY: "Heads only: the encoder stays as it is. Medium data near its domain; fastest.",
    Preset.LAST_LAYERS: "Last layers: the top of the encoder trains too. The usual compromise.",
    Preset.FULL: "Full: everything trains. Enough data and time.",
    Preset.PROBE_THEN_FINETUNE: "Probe, then fine-tune: heads first, then the rest. Keeps the pretrained features.",
    Preset.GRADUAL: "Gradual: one more layer from the top at each stage. Cautious full fine-tuning.",
    Preset.LORA: "Adapters: small additions beside frozen layers. Small files to share; not faster.",
    Preset.ONE_HEAD_FROZEN: "One head frozen: all but one head. Protects a good task while another catches up.",
    Preset.ALL_FROZEN: "All frozen: nothing trains, it only measures. Prototypes, tiny data.",
}
DEEPEST = 48
"""Layers on offer for a backbone that is not on this machine yet."""
START = Freezing(Preset.HEADS_ONLY)


@dataclass(frozen=True)
class FreezingStep:
    """The widgets of the step; the state holds the names of frozen heads."""

    preset: gr.Radio
    layers: gr.Slider
    everything: gr.Checkbox
    frozen_heads: gr.State
    picture: gr.HTML
    advice: gr.HTML
    take_advice: gr.Button


def build_freezing_step(depth: int) -> FreezingStep:
    """Lay out the step for a backbone of so many layers."""
    with gr.Row():
        with gr.Column(min_width=320):
            preset = gr.Radio(
                [(text, name) for name, text in PRESETS.items()],
                value=START.preset,
                label="What trains",
                elem_id="ph-presets",
            )
            everything = gr.Checkbox(
                START.everything, label="Every layer and the embeddings train", visible=False, elem_id="ph-everything"
            )
            layers = gr.Slider(
                1,
                depth,
                value=START.layers,
                step=1,
                label="Layers that train, from the top",
                visible=False,
                elem_id="ph-layers",
            )
        with gr.Column(min_width=320):
            picture = gr.HTML(elem_id="ph-stack", js_on_load=PRESS, elem_classes=panel_class("form"))
            gr.HTML(
                '<p class="ph-note">Press a block to move the boundary there, a head to turn its lock. '
                "Filled trains, hatched stays as it is.</p>"
            )
    with gr.Row(elem_classes="ph-action ph-advice-row"):
        said = gr.HTML(advice(None, {}), elem_id="ph-advice", elem_classes=panel_class("plan"))
        take = gr.Button("Take the advice", size="sm", elem_id="ph-take-advice", interactive=False)
    return FreezingStep(preset, layers, everything, gr.State([]), picture, said, take)


def freezing_summary(choice: Freezing, share: str) -> str:
    """The step in a line."""
    name = PRESETS[choice.preset].partition(":")[0].lower()
    if choice.preset is Preset.LAST_LAYERS:
        name = "last layer" if choice.layers == 1 else f"last {choice.layers} layers"
    elif choice.has_layers:
        name = f"{name}, {choice.layers} layers deep"
    locked = choice.frozen_heads if choice.preset is not Preset.ALL_FROZEN else ()
    heads = f"{', '.join(locked)} locked" if locked else ""
    return " · ".join(part for part in (name, heads, share) if part)
