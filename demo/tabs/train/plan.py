"""Step 4 of the Train tab: budget and learning rates, the plan, the recipe, and Start."""

from dataclasses import dataclass

import gradio as gr

from demo.settings import Settings
from demo.tabs.panels import panel_class
from demo.tabs.shared import message_place
from demo.views import message
from demo.views.training.plan import plan_card
from mtl.recipe import Recipe

COMMAND = "python -m mtl train recipe.yaml"


@dataclass(frozen=True)
class Numbers:
    """The optional number fields; an empty field shows the default of the freezing choice.

    They are text fields, since an empty number field of Gradio shows 0 when it appears late.
    """

    epochs: gr.Textbox
    batch_tokens: gr.Textbox
    backbone_lr: gr.Textbox
    head_lr: gr.Textbox
    tagging_lr: gr.Textbox

    @property
    def in_order(self) -> tuple[gr.Textbox, ...]:
        """The fields in the order of the handlers."""
        return (self.epochs, self.batch_tokens, self.backbone_lr, self.head_lr, self.tagging_lr)


@dataclass(frozen=True)
class PlanStep:
    """The components of the step."""

    numbers: Numbers
    seed: gr.Number
    more: gr.Textbox
    card: gr.HTML
    problem: gr.HTML
    start: gr.Button
    recipe: gr.Code
    load: gr.UploadButton
    load_problem: gr.HTML


def build_plan_step(settings: Settings) -> PlanStep:
    """Build the step."""
    with gr.Row(elem_classes="ph-rates"):
        epochs = _number("Epochs", "Passes over the data.")
        tokens = _number("Tokens per batch", "Size of a batch.")
        head_lr = _number("Head learning rate", "For all heads.")
        tagging_lr = _number("Tagging learning rate", "For tagging heads.")
        backbone_lr = _number("Encoder learning rate", "For the backbone.")
        seed = gr.Number(42, label="Seed", info="Same seed, same run.", precision=0, min_width=120)
    gr.HTML(
        message.note(
            "An empty field uses the default of the freezing choice, shown in grey. The defaults were measured."
        )
    )
    empty = plan_card(None, note="The plan appears when the form has been read.")
    card = gr.HTML(empty, elem_id="ph-plan", elem_classes=panel_class("plan"))
    problem = message_place("ph-form-problem")
    with gr.Row(elem_classes="ph-action"):
        start = gr.Button("Start training", variant="primary", size="md", elem_id="ph-start")
        gr.HTML(message.note(_caps(settings)))
    with gr.Accordion("Recipe, command and more keys", open=False, elem_classes="ph-fold", elem_id="ph-recipe-fold"):
        more = gr.Textbox(
            "",
            label="More recipe keys",
            info="YAML in addition to the fields above, for example anchor: 5 or sampling: {alpha: 0.8}",
            lines=2,
            max_lines=10,
            elem_id="ph-more",
        )
        recipe = gr.Code(
            language="yaml",
            label="recipe.yaml",
            interactive=False,
            max_lines=24,
            elem_id="ph-recipe",
            elem_classes=panel_class("form"),
        )
        gr.Code(COMMAND, language="shell", label="The same run on the command line", interactive=False, lines=1)
        with gr.Row(elem_classes="ph-action"):
            load = gr.UploadButton("Load a recipe", file_types=[".yaml", ".yml"], size="sm", elem_id="ph-load-recipe")
            gr.HTML(message.note("Fills the form from a recipe file."))
        load_problem = message_place("ph-load-problem")
    numbers = Numbers(epochs, tokens, backbone_lr, head_lr, tagging_lr)
    return PlanStep(numbers, seed, more, card, problem, start, recipe, load, load_problem)


def _number(label: str, info: str) -> gr.Textbox:
    typed = gr.InputHTMLAttributes(autocomplete="off", spellcheck=False)
    return gr.Textbox(label=label, info=info, max_lines=1, max_length=30, min_width=120, html_attributes=typed)


def defaults(recipe: Recipe) -> list[gr.Textbox]:
    """The number fields with the defaults of the recipe, in the order of `Numbers`."""
    budget, optimizer = recipe.budget, recipe.optimizer
    numbers = (budget.epochs, budget.batch_tokens, optimizer.backbone_lr, optimizer.head_lr, optimizer.tagging_lr)
    return [gr.Textbox(placeholder=f"{number:g}") for number in numbers]


def _caps(settings: Settings) -> str:
    if settings.max_steps is None or settings.max_minutes is None:
        return "Training runs in a separate process and continues if this page is closed."
    one = "one run" if settings.max_live_runs == 1 else f"{settings.max_live_runs} runs"
    return (
        f"Limits of this page: {settings.max_steps:,} steps or {settings.max_minutes:g} minutes, {one} at a time for "
        "all visitors. Other runs wait in a queue."
    )
