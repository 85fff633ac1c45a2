"""Step 3 of the Train tab: freezing, by preset or by clicking blocks of the network."""

from dataclasses import dataclass

import gradio as gr

from demo.tabs.panels import panel_class
from demo.training.freezing_choice import Freezing
from demo.views.training.plan import advice
from demo.views.training.stack import PRESS
from mtl.recipe import Preset

PRESETS = {
    Preset.HEADS_ONLY: "Heads only: the encoder is frozen. Fastest, and nothing is forgotten; entities stay weak.",
    Preset.LAST_LAYERS: "Last layers: the heads and the top layers train. For few examples a label, and for pairs.",
    Preset.FULL: "Full: everything trains. For entities, and from a few hundred examples on.",
    Preset.PROBE_THEN_FINETUNE: "Probe, then fine-tune: heads first, then the rest. Keeps the pretrained features.",
    Preset.GRADUAL: "Gradual: each stage unfreezes one more layer from the top. Cautious full fine-tuning.",
    Preset.LORA: "Adapters (LoRA): small additions to frozen layers. For a hundred examples of classes; small files.",
    Preset.ONE_HEAD_FROZEN: "One head frozen: all but one head train. Protects a good task while another improves.",
    Preset.ALL_FROZEN: "All frozen: nothing trains, the model is only evaluated. For prototypes and tiny data.",
}
DEEPEST = 48
"""The number of layers offered for a backbone that is not on this machine yet."""
START = Freezing(Preset.HEADS_ONLY)


@dataclass(frozen=True)
class FreezingStep:
    """The components of the step; the state contains the names of frozen heads."""

    preset: gr.Radio
    layers: gr.Slider
    everything: gr.Checkbox
    frozen_heads: gr.State
    picture: gr.HTML
    advice: gr.HTML
    take_advice: gr.Button


def build_freezing_step(depth: int) -> FreezingStep:
    """Build the step for a backbone with `depth` layers."""
    with gr.Row():
        with gr.Column(min_width=320):
            preset = gr.Radio(
                [(text, name) for name, text in PRESETS.items()],
                value=START.preset,
                label="Freezing",
                elem_id="ph-presets",
            )
            everything = gr.Checkbox(
                START.everything, label="Train all layers and the embeddings", visible=False, elem_id="ph-everything"
            )
            layers = gr.Slider(
                1,
                depth,
                value=START.layers,
                step=1,
                label="Trained layers, from the top",
                visible=False,
                elem_id="ph-layers",
            )
        with gr.Column(min_width=320):
            picture = gr.HTML(elem_id="ph-stack", js_on_load=PRESS, elem_classes=panel_class("form"))
            gr.HTML(
                '<p class="ph-note">Click a layer to move the boundary. Click a head to freeze or unfreeze it. '
                "Filled: trained. Hatched: frozen.</p>"
            )
    with gr.Row(elem_classes="ph-action ph-advice-row"):
        said = gr.HTML(advice(None, {}), elem_id="ph-advice", elem_classes=panel_class("plan"))
        take = gr.Button("Apply the advice", size="sm", elem_id="ph-take-advice", interactive=False)
    return FreezingStep(preset, layers, everything, gr.State([]), picture, said, take)


def freezing_summary(choice: Freezing, share: str) -> str:
    """A summary of the step in one line."""
    name = PRESETS[choice.preset].partition(":")[0].lower()
    if choice.preset is Preset.LAST_LAYERS:
        name = "last layer" if choice.layers == 1 else f"last {choice.layers} layers"
    elif choice.has_layers:
        name = f"{name}, {choice.layers} layers"
    locked = choice.frozen_heads if choice.preset is not Preset.ALL_FROZEN else ()
    heads = f"{', '.join(locked)} frozen" if locked else ""
    return " · ".join(part for part in (name, heads, share) if part)
