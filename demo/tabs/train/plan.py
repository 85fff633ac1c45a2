"""Step 4 of the Train tab: how long to train, what that will cost, the recipe of it all, and Start."""

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
    """Fields that may stay empty; each then shows what the freezing choice takes.

    They are text: an empty number field of Gradio says 0 where it is shown late.
    """

    epochs: gr.Textbox
    batch_tokens: gr.Textbox
    backbone_lr: gr.Textbox
    head_lr: gr.Textbox
    tagging_lr: gr.Textbox

    @property
    def in_order(self) -> tuple[gr.Textbox, ...]:
        """As handlers get them."""
        return (self.epochs, self.batch_tokens, self.backbone_lr, self.head_lr, self.tagging_lr)


@dataclass(frozen=True)
class PlanStep:
    """The widgets of the step."""

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
    """Lay out the step."""
    with gr.Row(elem_classes="ph-rates"):
        epochs = _number("Epochs", "Passes over the data.")
        tokens = _number("Tokens a batch", "Larger is steadier.")
        head_lr = _number("Rate of heads", "New parts learn fast.")
        tagging_lr = _number("Rate of tagging", "Its heads, often faster.")
        backbone_lr = _number("Rate of encoder", "Old ones slowly.")
        seed = gr.Number(42, label="Seed", info="Same seed, same run.", precision=0, min_width=120)
    gr.HTML(message.note("An empty field takes what was measured to work with this freezing choice: the grey number."))
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
            info="YAML beside the fields above, for example: anchor: 5, or sampling: {alpha: 0.8}",
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
        gr.Code(COMMAND, language="shell", label="The same run from a terminal", interactive=False, lines=1)
        with gr.Row(elem_classes="ph-action"):
            load = gr.UploadButton("Load a recipe", file_types=[".yaml", ".yml"], size="sm", elem_id="ph-load-recipe")
            gr.HTML(message.note("A recipe that ran before fills the form again."))
        load_problem = message_place("ph-load-problem")
    numbers = Numbers(epochs, tokens, backbone_lr, head_lr, tagging_lr)
    return PlanStep(numbers, seed, more, card, problem, start, recipe, load, load_problem)


def _number(label: str, info: str) -> gr.Textbox:
    typed = gr.InputHTMLAttributes(autocomplete="off", spellcheck=False)
    return gr.Textbox(label=label, info=info, max_lines=1, max_length=30, min_width=120, html_attributes=typed)


def defaults(recipe: Recipe) -> list[gr.Textbox]:
    """The number fields, with what the recipe takes where they are empty, in the order of `Numbers`."""
    budget, optimizer = recipe.budget, recipe.optimizer
    numbers = (budget.epochs, budget.batch_tokens, optimizer.backbone_lr, optimizer.head_lr, optimizer.tagging_lr)
    return [gr.Textbox(placeholder=f"{number:g}") for number in numbers]


def _caps(settings: Settings) -> str:
    if settings.max_steps is None or settings.max_minutes is None:
        return "It goes on in a process of its own, whatever happens to this page."
    one = "one run" if settings.max_live_runs == 1 else f"{settings.max_live_runs} runs"
    return (
        f"Here at most {settings.max_steps:,} steps or {settings.max_minutes:g} minutes, {one} at a time for everyone; "
        "others wait their turn."
    )
