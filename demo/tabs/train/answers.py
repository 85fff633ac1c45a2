"""The responses of the Train form to a change, a plan, a click on the network, and a recipe file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from demo.inputs import kept_drafts
from demo.inputs.drafts import Draft
from demo.runs import RunManager
from demo.runs.recipe_text import as_yaml, without_folders
from demo.runs.shown import sentence_of
from demo.serving import problems
from demo.serving.visitor import current
from demo.settings import Settings
from demo.tabs.train import data as data_step
from demo.tabs.train import freezing as freezing_step
from demo.tabs.train import model as model_step
from demo.tabs.train import plan as plan_step
from demo.training import architecture, backbone_choice
from demo.training.architecture import Architecture
from demo.training.form_values import NAMES, NUMBERS, form_of, remembered, to_remember, values_of
from demo.training.freezing_choice import Freezing, one_head, pressed
from demo.training.initial_models import initial_models, keyed, resolved
from demo.training.network import Network, network
from demo.training.planner import Forecast, Planner
from demo.training.recipe_form import OWN_POOLING, Form, heads_of, recipe_of
from demo.training.recipe_reading import read_upload
from demo.views import message
from demo.views.training.data import data_line
from demo.views.training.format import duration, megabytes, millions
from demo.views.training.plan import advice, plan_card, steps_of, warning_list
from demo.views.training.stack import stack
from mtl.errors import InputError, MtlError, RunError
from mtl.recipe import Preset, Recipe

TITLES = ("1  Data", "2  Model", "3  Freezing", "4  Plan")
_MEASURING = "Measuring a few batches in a separate process …"
_NO_PLAN = "There is no plan for this form."


@dataclass(frozen=True)
class Answers:
    """The handlers of the form; each takes the owner's token and the values of the fields."""

    settings: Settings
    planner: Planner
    runs: RunManager

    def read(self, owner: str, *values: Any) -> tuple[Any, ...]:  # noqa: ANN401
        """Everything that the form shows without a new plan, after a message about errors.

        A known plan is shown. Otherwise advice, warnings and figures of an earlier form are cleared.
        """
        known = kept_drafts.known(owner, self.settings)
        filled, problem = _filled(values)
        choice = one_head(filled.freezing, heads_of(_chosen(filled, known)))
        filled = replace(filled, freezing=choice)
        form, recipe = self._resolved(filled, owner), None
        try:
            if not problem:
                form, recipe = self._recipe(filled, known, owner)
        except MtlError as error:
            problem = sentence_of(error)
        forecast = self.planner.known(recipe) if recipe else None
        found = self._architecture(form, owner)
        drawn, depth = _network(form, known, forecast, found), _depth(found)
        waiting = _MEASURING if recipe else _NO_PLAN
        return (
            message.problem(problem) if problem else message.notes(recipe.notes if recipe else ()),
            *_folds(form, known, drawn, (forecast, "measuring …" if recipe else "no plan")),
            data_step.summary_of(form.tasks, known),
            stack(drawn),
            *_plan_outputs(forecast, choice.preset, waiting=waiting),
            gr.Slider(visible=choice.has_layers, maximum=depth, value=max(1, min(choice.layers, depth))),
            gr.Checkbox(visible=choice.has_depth, value=choice.everything),
            list(choice.frozen_heads),
            *(plan_step.defaults(recipe) if recipe else [gr.skip()] * len(NUMBERS)),
            as_yaml(without_folders(recipe) if self.settings.public else recipe) if recipe else "",
            to_remember(values_of(filled)) if recipe else gr.skip(),
            model_step.facts_of(filled.backbone, is_checkpoint=form.backbone != filled.backbone),
            model_step.advice_for(backbone_choice.data_of(_chosen(filled, known)), self.settings),
        )

    def plan(self, owner: str, *values: Any, asker: str) -> tuple[Any, ...] | None:  # noqa: ANN401
        """The outputs that a measured plan adds to `read`; None if the visitor has asked for a newer plan."""
        known = kept_drafts.known(owner, self.settings)
        try:
            form, recipe = self._recipe(form_of(values), known, owner)
        except MtlError:  # `read` reports it
            self.planner.drop(asker=asker)
            return tuple(gr.skip() for _ in range(8))
        problem = ""
        try:
            forecast = self.planner.plan(recipe, asker=asker, address=current().address)
            if forecast is None:
                return None
        except (MtlError, OSError) as error:  # such as a full disk
            known_error = error if isinstance(error, MtlError) else RunError(problems.sentence_of(error))
            forecast, problem = None, message.problem(known_error)
        drawn = _network(form, known, forecast, self._architecture(form, owner))
        folds = _folds(form, known, drawn, (forecast, "no plan"))
        preset = form.freezing.preset
        return problem, folds[0], folds[3], stack(drawn), *_plan_outputs(forecast, preset, waiting=_NO_PLAN)

    def press(self, owner: str, values: Sequence[Any], block: str) -> tuple[Any, ...]:
        """The freezing fields after a click on a block of the network."""
        form = self._resolved(form_of(values), owner)
        heads = heads_of(_chosen(form, kept_drafts.known(owner, self.settings)))
        return _choice_values(pressed(form.freezing, block, depth=_depth(self._architecture(form, owner)), heads=heads))

    def take_advice(self, owner: str, *values: Any) -> tuple[Any, ...]:  # noqa: ANN401
        """The freezing fields that the plan recommends."""
        form = form_of(values)
        forecast = self.planner.known(self.recipe(owner, *values))
        preset = Preset(forecast.advised) if forecast else form.freezing.preset
        return _choice_values(Freezing(preset, 2, True, form.freezing.frozen_heads))

    def choose_backbone(self, owner: str, name: str) -> gr.Dropdown:
        """The backbone field after a click on a recommended entry; a name that the page does not offer is dropped."""
        is_offered = name in [entry.name for entry in backbone_choice.offered(self.settings)]
        return self.backbones(owner, name if is_offered else None)

    def recipe(self, owner: str, *values: Any) -> Recipe:  # noqa: ANN401
        """The recipe of the form.

        Raises:
            MtlError: a field is wrong.
        """
        return self._recipe(form_of(values), kept_drafts.known(owner, self.settings), owner)[1]

    def candidates(self, owner: str, names: Sequence[str], *values: Any) -> tuple[Recipe, list[str]]:  # noqa: ANN401
        """The recipe of the form with the first of several backbones, and their names.

        Raises:
            MtlError: a field is wrong, there are fewer than two names, or the page does not offer one of them.
        """
        chosen = list(dict.fromkeys(" ".join(str(name).split()) for name in names))
        if len(chosen) < 2:
            raise InputError("Select at least two candidates.")
        known, form = kept_drafts.known(owner, self.settings), form_of(values)
        plain = replace(form, freezing=Freezing(Preset.HEADS_ONLY), pooling=OWN_POOLING)
        recipes = [self._recipe(replace(plain, backbone=name), known, owner)[1] for name in chosen]
        return recipes[0], [recipe.backbone for recipe in recipes]

    def load(self, owner: str, file: str | None) -> tuple[Any, ...]:
        """What is to note about a recipe file, and its fields.

        Raises:
            MtlError: it is no recipe, or its data are missing.
        """
        if file is None:
            raise InputError("Upload a recipe first.")
        known = kept_drafts.known(owner, self.settings)
        reading = read_upload(Path(file), self.settings, known)
        for name, config in reading.unlisted:
            kept_drafts.adopt(name, config, owner=owner, settings=self.settings)
        form = keyed(reading.form, initial_models(self.runs, owner))
        return message.notes(reading.notes), *self._field_updates(form, kept_drafts.known(owner, self.settings), owner)

    def restore(self, owner: str, content: Any) -> tuple[Any, ...]:  # noqa: ANN401
        """The fields as the browser stored them, for a page that has just been opened."""
        known = kept_drafts.known(owner, self.settings)
        form = remembered(content)
        if form is None:
            names = gr.CheckboxGroup(choices=[draft.name for draft in known])
            return names, self.backbones(owner), *(gr.skip() for _ in NAMES[2:])
        return self._field_updates(form, known, owner)

    def backbones(self, owner: str, chosen: str | None = None) -> gr.Dropdown:
        """The backbones and checkpoints that a run can start from."""
        found = model_step.backbone_choices(self.settings)
        found += [(model.title, model.key) for model in initial_models(self.runs, owner)]
        if chosen is None or (not self.settings.any_backbone and chosen not in [key for _, key in found]):
            return gr.Dropdown(choices=found)
        return gr.Dropdown(choices=found, value=chosen)

    def _field_updates(self, form: Form, known: Sequence[Draft], owner: str) -> tuple[Any, ...]:
        names = [draft.name for draft in known]
        ticked, backbone, *rest = values_of(form)
        layers = max(1, form.freezing.layers)
        rest[2] = gr.Slider(
            maximum=max(_depth(self._architecture(self._resolved(form, owner), owner)), layers), value=layers
        )
        tasks = gr.CheckboxGroup(choices=names, value=[name for name in ticked if name in names])
        return tasks, self.backbones(owner, backbone), *rest

    def _architecture(self, form: Form, owner: str) -> Architecture | None:
        """Of a backbone that the page offers; of any other, an answer would tell whether its folder is there."""
        backbone = form.backbone.strip()
        offered = (*self.settings.backbones, *(model.folder for model in initial_models(self.runs, owner)))
        return architecture.of(backbone) if self.settings.any_backbone or backbone in offered else None

    def _resolved(self, form: Form, owner: str) -> Form:
        return resolved(form, initial_models(self.runs, owner))

    def _recipe(self, filled: Form, known: Sequence[Draft], owner: str) -> tuple[Form, Recipe]:
        models = initial_models(self.runs, owner)
        form = resolved(filled, models)
        folders = [model.folder for model in models]
        return form, recipe_of(form, known, self.settings, checkpoints=folders)


def _choice_values(choice: Freezing) -> tuple[Any, ...]:
    return str(choice.preset), choice.layers, choice.everything, list(choice.frozen_heads)


def _filled(values: Sequence[Any]) -> tuple[Form, str]:
    """The form, and an error message about its numbers; with an error, the form has no numbers."""
    try:
        return form_of(values), ""
    except MtlError as error:
        without = ["" if name in NUMBERS else value for name, value in zip(NAMES, values, strict=True)]
        return form_of(without), sentence_of(error)


def _plan_outputs(forecast: Forecast | None, preset: Preset, *, waiting: str) -> tuple[Any, ...]:
    """The warnings, advice, button and card of a plan; empty without a plan."""
    return (
        warning_list(forecast.warnings if forecast else ()),
        advice(forecast, freezing_step.PRESETS),
        gr.Button(interactive=forecast is not None and forecast.advised != preset),
        plan_card(forecast, note="" if forecast else waiting),
    )


def _folds(form: Form, known: Sequence[Draft], drawn: Network, plan: tuple[Forecast | None, str]) -> list[gr.Accordion]:
    """The titles of the steps with a summary; `plan` is a plan, and the text to show without one."""
    forecast, waiting = plan
    count = len(forecast.warnings) if forecast else 0
    data = [data_line(draft) for draft in _chosen(form, known)]
    data += [f"{count} {'warning' if count == 1 else 'warnings'}"] if count else []
    total = millions(drawn.total) + " parameters" if drawn.total else ""
    share = f"{millions(drawn.trained)} of {millions(drawn.total)} train" if drawn.total else ""
    lines = [
        " · ".join(data),
        model_step.model_summary(form.backbone, form.pooling, total),
        freezing_step.freezing_summary(form.freezing, share),
        _plan_line(forecast) if forecast else waiting,
    ]
    return [gr.Accordion(label=f"{title}   {line}") for title, line in zip(TITLES, lines, strict=True)]


def _plan_line(forecast: Forecast) -> str:
    return " · ".join(
        (
            f"{steps_of(forecast)} steps",
            f"about {duration(forecast.seconds)}",
            f"{forecast.memory_bytes / 1e6:,.0f} MB",
            f"checkpoint {megabytes(forecast.checkpoint_bytes)}",
        )
    )


def _network(
    form: Form, known: Sequence[Draft], forecast: Forecast | None, architecture: Architecture | None
) -> Network:
    counted = forecast.parts if forecast else {}
    return network(architecture, form.freezing, _chosen(form, known), counted=counted)


def _chosen(form: Form, known: Sequence[Draft]) -> list[Draft]:
    return [draft for draft in known if draft.name in form.tasks]


def _depth(architecture: Architecture | None) -> int:
    return architecture.layers if architecture else freezing_step.DEEPEST
