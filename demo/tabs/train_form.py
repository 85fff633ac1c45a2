"""Steps 2 to 4 of the Train tab: backbone, freezing, settings; the recipe that comes of them."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import gradio as gr

from demo import architecture
from demo.drafts import Draft
from demo.recipe_form import OWN_POOLING, Form, recipe_of, trained
from demo.recipe_text import as_yaml, without_folders
from demo.settings import Settings
from demo.tabs.shared import Shared, heading, message_place, reporting
from demo.tabs.train_data import DataStep
from demo.views import message
from demo.views.stack import stack
from mtl.recipe import Pooling, Preset, TaskKind

_PRESETS = {
    Preset.HEADS_ONLY: "Heads only: the encoder stays as it is. Medium data near its domain; fastest.",
    Preset.LAST_LAYERS: "Last layers: the top of the encoder trains too. The usual compromise.",
    Preset.FULL: "Full: everything trains. Enough data and time.",
    Preset.PROBE_THEN_FINETUNE: "Heads first, then everything. Keeps what the encoder knows while heads settle.",
    Preset.GRADUAL: "Gradual: one more layer from the top at each stage. Cautious full fine-tuning.",
    Preset.LORA: "Adapters: small additions beside frozen layers. Small files to share; not faster.",
    Preset.ONE_HEAD_FROZEN: "One head frozen: all but one head. Protects a good task while another catches up.",
    Preset.ALL_FROZEN: "All frozen: nothing trains, it only measures. Prototypes, tiny data.",
}
_DEEPEST = 48
"""Layers on offer for a backbone that is not on this machine yet."""
_COMMAND = "python -m mtl train recipe.yaml"


@dataclass(frozen=True)
class FormSteps:
    """The fields in the order of `Form`, the button, and the place for what is wrong."""

    fields: list[Any]
    start: gr.Button
    problem: gr.HTML


def build(shared: Shared, data: DataStep) -> FormSteps:
    """Lay out the steps and wire the preview."""
    settings, ticked = shared.settings, list(data.ticked.value or [])
    heading("2  Model", "The encoder that all heads share.")
    with gr.Row():
        backbone = gr.Dropdown(
            list(settings.backbones),
            value=settings.backbones[0],
            label="Backbone: pick one, or type a Hub id or a folder" if settings.any_backbone else "Backbone",
            allow_custom_value=settings.any_backbone,
            min_width=260,
        )
        pooling = gr.Dropdown([OWN_POOLING, *Pooling], value=OWN_POOLING, label="Pooling", min_width=260)
    heading("3  Freezing", "In the picture, what trains is filled and what stays is hatched.")
    with gr.Row():
        with gr.Column(min_width=320):
            preset = gr.Radio(
                [(text, name) for name, text in _PRESETS.items()],
                value=Preset.HEADS_ONLY,
                show_label=False,
                elem_id="ph-presets",
            )
            layers = gr.Slider(
                1,
                _depth(settings.backbones[0]),
                value=2,
                step=1,
                label="Layers that train, from the top",
                visible=False,
            )
            frozen_head = gr.Dropdown(
                ticked, value=next(iter(ticked), None), label="Head that stays frozen", visible=False
            )
        with gr.Column(min_width=320):
            picture = gr.HTML(elem_id="ph-stack")
    heading("4  Settings")
    with gr.Row():
        epochs = gr.Number(20, label="Epochs", min_width=130)
        tokens = gr.Number(512, label="Tokens a batch", precision=0, min_width=130)
        head_lr = gr.Number(5e-3, label="Rate of heads", min_width=130)
        backbone_lr = gr.Number(1e-4, label="Rate of encoder", min_width=130)
        seed = gr.Number(42, label="Seed", precision=0, min_width=130)
    problem = message_place("ph-form-problem")
    with gr.Row(elem_classes="ph-action"):
        start = gr.Button("Start training", variant="primary", size="md", elem_id="ph-start")
        gr.HTML(message.note(_caps(settings)))
    with gr.Accordion("Recipe and command", open=False, elem_classes="ph-fold"):
        recipe = gr.Code(language="yaml", label="recipe.yaml", interactive=False, max_lines=24)
        gr.Code(_COMMAND, language="shell", label="The same run from a terminal", interactive=False, lines=1)

    # In the order of Form's fields.
    values: list[Any] = [
        data.ticked, backbone, pooling, preset, layers, frozen_head, epochs, tokens, backbone_lr, head_lr, seed
    ]  # fmt: skip
    quick: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
    recipe.value, picture.value = _preview(settings, data.drafts.value, ticked, *(field.value for field in values[1:]))
    preset.change(_of_preset, preset, [layers, frozen_head], **quick)
    backbone.change(_of_backbone, [backbone, layers], layers, **quick)
    data.ticked.change(_of_tasks, [data.drafts, data.ticked, frozen_head], frozen_head, **quick)
    gr.on(
        [field.change for field in values],
        reporting(partial(_preview, settings), outputs=2),
        [data.drafts, *values],
        [problem, recipe, picture],
        trigger_mode="always_last",
        **quick,
    )
    return FormSteps([data.drafts, *values], start, problem)


def form_of(ticked: list[str], *values: Any) -> Form:  # noqa: ANN401
    """The form from the fields' values; an emptied number field counts as 0 and is refused by the recipe."""
    backbone, pooling, preset, layers, frozen_head, *numbers = values
    epochs, tokens, backbone_lr, head_lr, seed = (number or 0 for number in numbers)
    return Form(
        tasks=tuple(ticked),
        backbone=backbone or "",
        pooling=pooling,
        preset=preset,
        layers=int(layers),
        frozen_head=frozen_head,
        epochs=epochs,
        batch_tokens=int(tokens),
        backbone_lr=backbone_lr,
        head_lr=head_lr,
        seed=int(seed),
    )


def _preview(settings: Settings, known: tuple[Draft, ...], ticked: list[str], *values: Any) -> tuple[str, str]:  # noqa: ANN401
    form = form_of(ticked, *values)
    recipe = recipe_of(form, known, settings)
    shown = without_folders(recipe) if settings.public else recipe
    return as_yaml(shown), stack(architecture.of(recipe.backbone), trained(form), _heads(known, ticked))


def _of_preset(preset: str) -> tuple[gr.Slider, gr.Dropdown]:
    one = preset == Preset.ONE_HEAD_FROZEN
    return gr.Slider(visible=preset == Preset.LAST_LAYERS), gr.Dropdown(visible=one)


def _caps(settings: Settings) -> str:
    if settings.max_steps is None or settings.max_minutes is None:
        return "It goes on in a process of its own, whatever happens to this page."
    one = "one run" if settings.max_live_runs == 1 else f"{settings.max_live_runs} runs"
    return (
        f"Here at most {settings.max_steps:,} steps or {settings.max_minutes:g} minutes, {one} at a time for everyone."
    )


def _of_backbone(backbone: str | None, layers: int) -> gr.Slider:
    depth = _depth(backbone or "")
    return gr.Slider(maximum=depth, value=min(layers, depth))


def _depth(backbone: str) -> int:
    known = architecture.of(backbone)
    return known.layers if known else _DEEPEST


def _of_tasks(known: tuple[Draft, ...], ticked: list[str], frozen_head: str | None) -> gr.Dropdown:
    heads = _heads(known, ticked)
    kept = frozen_head if frozen_head in heads else next(iter(heads), None)
    return gr.Dropdown(choices=heads, value=kept)


def _heads(known: tuple[Draft, ...], ticked: list[str]) -> list[str]:
    """The ticked tasks that have a head; similarity trains the embedding itself."""
    kinds = {draft.name: draft.config.kind for draft in known}
    return [name for name in ticked if kinds.get(name) is not TaskKind.SIMILARITY]
