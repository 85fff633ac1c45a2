"""The details of one run on the Runs tab, and the actions on it."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from html import escape
from typing import Any

import gradio as gr

from demo.answers.engines import key_of
from demo.latest_only import number_of
from demo.runs import status_of
from demo.runs.info import TABLE, name_of
from demo.runs.manager import can_resume
from demo.runs.recipe_text import without_folders
from demo.runs.run_store import id_of, is_comparison, members
from demo.runs.watching import Watcher
from demo.serving.visitor import current
from demo.settings import Training
from demo.tabs.panels import NUMBERED
from demo.tabs.runs import before_after as run_before_after
from demo.tabs.runs import evaluation as run_evaluation
from demo.tabs.runs import exporting as run_exporting
from demo.tabs.runs import pushing as run_pushing
from demo.tabs.runs import suspects as run_suspects
from demo.tabs.shared import QUICK, Shared, message_place, reporting
from demo.tabs.train import SAVE_FILE
from demo.views import message
from demo.views.training.comparison import comparison_card, comparison_table
from demo.views.training.label_table import label_tables
from demo.views.training.run_card import run_card
from mtl.comparing import alone, trained_tasks
from mtl.errors import InputError, MtlError, RunError
from mtl.recipe import Preset, Recipe, dump, load
from mtl.runs import RunFolder

_EACH_ALONE = "each_alone"  # stands for one strategy a task
_STRATEGIES = {
    "heads only": Preset.HEADS_ONLY,
    "last layer": f"{Preset.LAST_LAYERS}:1",
    "last 2 layers": f"{Preset.LAST_LAYERS}:2",
    "full": Preset.FULL,
    "probe, then fine-tune": Preset.PROBE_THEN_FINETUNE,
    "gradual": Preset.GRADUAL,
    "adapters": Preset.LORA,
    "each task alone: is sharing worth it?": _EACH_ALONE,
}
_USUAL = [Preset.HEADS_ONLY, f"{Preset.LAST_LAYERS}:2", Preset.FULL]
_SECTIONS = 3  # whose requests may be pending


@dataclass(frozen=True)
class Detail:
    """The components of an opened run."""

    place: gr.Column
    title: gr.HTML
    problem: gr.HTML
    use: gr.Button
    watch: gr.Button
    stop: gr.Button
    resume: gr.Button
    download: gr.Button
    file: gr.DownloadButton
    compared: gr.HTML
    before_after: run_before_after.BeforeAfter
    evaluation: run_evaluation.Evaluation
    suspects: run_suspects.Suspects
    exporting: run_exporting.Exporting
    pushing: run_pushing.Pushing | None
    """None on a public page."""
    recipe: gr.Code
    strategies: gr.CheckboxGroup
    compare: gr.Button
    name: gr.Textbox
    rename: gr.Button
    delete: gr.Button
    sure: gr.Row
    delete_now: gr.Button
    keep: gr.Button
    number: gr.Number

    @property
    def progressing(self) -> list[Any]:
        """The outputs of `Opening.progress`."""
        return [self.title, self.use, self.watch, self.stop, self.resume, self.download, self.compared]

    @property
    def outputs(self) -> list[Any]:
        """The outputs of `Opening.show`."""
        return [
            self.place, *self.progressing,
            self.before_after.fold, self.before_after.other, *self.before_after.clearing, self.evaluation.fold,
            self.evaluation.task, *self.evaluation.clearing,
            self.suspects.fold, self.suspects.task, *self.suspects.clearing,
            self.exporting.fold, *self.exporting.clearing, self.recipe, self.compare,
            self.name, self.sure, *([self.pushing.fold, *self.pushing.clearing] if self.pushing else []),
        ]  # fmt: skip

    @property
    def pending(self) -> list[Any]:
        """The first inputs of `dropping`: the place for a number, and the requests that it drops."""
        sections = (self.before_after, self.evaluation, self.suspects)
        return [self.number, *(section.panel.requests for section in sections)]


def build_run_detail(*, public: bool) -> Detail:
    """Build the components of an opened run; a public page has no upload to the Hub, which would need a token."""
    with gr.Column(visible=False, elem_id="ph-run-detail") as place:
        title = gr.HTML("", elem_id="ph-run-detail-card")
        problem = message_place("ph-detail-problem")
        with gr.Row(elem_classes="ph-action"):
            use = gr.Button("Use on all tabs", variant="primary", size="md", elem_id="ph-detail-use")
            watch = gr.Button("Show in Train", size="md", elem_id="ph-detail-watch")
            stop = gr.Button("Stop", size="md", elem_id="ph-detail-stop")
            resume = gr.Button("Resume", size="md", elem_id="ph-detail-resume")
            download = gr.Button("Download", size="md", elem_id="ph-detail-download")
            file = gr.DownloadButton("Download", visible="hidden", elem_id="ph-detail-file")
        compared = gr.HTML("", elem_id="ph-compared", elem_classes="ph-message")
        before_after = run_before_after.build_before_after()
        evaluation = run_evaluation.build_evaluation()
        suspects = run_suspects.build_suspects()
        exporting = run_exporting.build_exporting()
        pushing = None if public else run_pushing.build_pushing()
        with gr.Accordion("Compare strategies", open=False, elem_classes="ph-fold", elem_id="ph-compare-fold"):
            strategies = gr.CheckboxGroup(
                list(_STRATEGIES.items()),
                value=_USUAL,
                label="Freezing",
                info="Each strategy runs with the same data, seed and budget, one after the other.",
                elem_id="ph-strategies",
            )
            with gr.Row(elem_classes="ph-action"):
                compare = gr.Button("Compare strategies", variant="primary", size="md", elem_id="ph-compare")
        with gr.Accordion("Recipe", open=False, elem_classes="ph-fold"):
            recipe = gr.Code(language="yaml", label="recipe.yaml", interactive=False, max_lines=24)
        with gr.Accordion("Rename or delete", open=False, elem_classes="ph-fold", elem_id="ph-rename-fold"):
            with gr.Row(elem_classes="ph-action"):
                name = gr.Textbox(label="Name", max_length=60, min_width=240, elem_id="ph-run-name")
                rename = gr.Button("Rename", size="md", elem_id="ph-rename")
                delete = gr.Button("Delete this run", size="md", elem_id="ph-delete")
            with gr.Row(visible=False, elem_classes="ph-action ph-sure", elem_id="ph-sure") as sure:
                gr.HTML('<p class="ph-problem">This deletes the run and its checkpoints permanently.</p>')
                delete_now = gr.Button("Delete permanently", variant="stop", size="md", elem_id="ph-delete-now")
                keep = gr.Button("Cancel", size="md", elem_id="ph-keep")
    return Detail(
        place, title, problem, use, watch, stop, resume, download, file, compared, before_after, evaluation, suspects,
        exporting, pushing, recipe, strategies, compare, name, rename, delete, sure, delete_now, keep,
        gr.Number(0, visible=False),
    )  # fmt: skip


@dataclass(frozen=True)
class Opening:
    """The handlers of the opened run; each takes the owner's token and the id of the run."""

    shared: Shared
    watcher: Watcher
    detail: Detail

    def show(self, owner: str, run_id: str, ticked: list[str]) -> tuple[Any, ...]:
        """Show a run; for a comparison, its runs are overlaid.

        Raises:
            RunError: there is no such run of this owner.
        """
        if not run_id:
            return (gr.skip(), gr.Column(visible=False), *(gr.skip() for _ in self.detail.outputs[1:]))
        folder = self.shared.runs.get(run_id, owner)
        status, group = status_of(folder), is_comparison(folder)
        ended, usable = status.state.has_ended, (folder.best / "config.json").is_file()
        overlaid = [id_of(member) for member in members(folder)] if group else ticked or [run_id]
        trains = self.shared.settings.training is not Training.OFF
        return (
            overlaid,
            gr.Column(visible=True),
            *self._progress(folder),
            gr.Accordion(visible=usable and ended),
            gr.Dropdown(
                choices=run_before_after.before_choices(self.shared.engines, run_id, owner),
                value=run_before_after.began(run_id),
            ),
            *run_before_after.empty_change(),
            gr.Accordion(visible=usable and ended),
            run_evaluation.task_choice(folder),
            *run_evaluation.empty_evaluation(),
            gr.Accordion(visible=ended and not group),
            run_suspects.task_choice(folder),
            *run_suspects.empty_suspects(),
            gr.Accordion(visible=usable and ended),
            "",
            "",
            _recipe_text(folder, public=self.shared.settings.public),
            gr.Button(interactive=trains),
            name_of(folder),
            gr.Row(visible=False),
            *((gr.Accordion(visible=usable and ended), *run_pushing.empty_push()) if self.detail.pushing else ()),
        )

    def progress(self, owner: str, run_id: str) -> tuple[Any, ...]:
        """The parts of an opened run that change while it runs: card, buttons, and the table of a comparison."""
        try:
            return self._progress(self.shared.runs.get(run_id, owner))
        except RunError:  # no run is open, or it was deleted in another tab
            return tuple(gr.skip() for _ in self.detail.progressing)

    def _progress(self, folder: RunFolder) -> tuple[Any, ...]:
        status, group = status_of(folder), is_comparison(folder)
        ended, usable = status.state.has_ended, (folder.best / "config.json").is_file()
        trains = self.shared.settings.training is not Training.OFF
        look = self.watcher.look(folder)
        card = comparison_card(status) if group else run_card(look.status, look.events) + label_tables(look.events)
        return (
            f'<h2 class="ph-detail-title">{escape(name_of(folder))}</h2>{card}',
            gr.Button(visible=usable and ended),
            gr.Button(visible=not group and trains),
            gr.Button(visible=not ended),
            gr.Button(visible=can_resume(folder) and trains),
            gr.Button(visible=folder.events_file.is_file() or (folder.path / TABLE).is_file()),
            comparison_table(folder.path / TABLE) if group else "",
        )

    def again(self, owner: str, run_id: str) -> tuple[Any, ...]:
        """Show the run again after an action; the selection of overlaid curves does not change."""
        return (*self.show(owner, run_id, [run_id])[1:],)

    def stop(self, owner: str, run_id: str) -> tuple[Any, ...]:
        """Stop the run."""
        self.shared.runs.stop(run_id, owner)
        return self.again(owner, run_id)

    def resume(self, owner: str, run_id: str) -> tuple[Any, ...]:
        """Resume the run."""
        self.shared.runs.resume(run_id, owner, address=current().address)
        return self.again(owner, run_id)

    def rename(self, owner: str, run_id: str, name: str) -> tuple[Any, ...]:
        """Rename the run."""
        self.shared.runs.rename(run_id, owner, name)
        return self.again(owner, run_id)

    def delete(self, owner: str, run_id: str) -> tuple[Any, ...]:
        """Delete the run and close it."""
        self.shared.runs.delete(run_id, owner)
        return ("", *self.again(owner, ""))

    def download(self, owner: str, run_id: str) -> tuple[str, str | None]:
        """Pack the run; an error message, and the file or None."""
        try:
            return "", str(self.shared.runs.archive(run_id, owner))
        except MtlError as error:
            return message.problem(error), None

    def use(self, owner: str, run_id: str) -> gr.Dropdown:
        """Choose the model of the run in the header.

        Raises:
            RunError: there is no such run of this owner.
        """
        self.shared.runs.get(run_id, owner)
        return gr.Dropdown(choices=self.shared.engines.choices(owner), value=key_of(run_id))

    def compare(self, owner: str, run_id: str, presets: list[str]) -> tuple[Any, ...]:
        """Start a comparison of strategies with the recipe of the run, and open it.

        Raises:
            MtlError: there are fewer than two strategies or too many, or the data of the recipe are missing.
        """
        if len(presets) < 2:
            raise InputError("Select at least two strategies.")
        recipe = _recipe_of(self.shared.runs.get(run_id, owner))
        each = [alone(task) for task in trained_tasks(recipe)]
        if _EACH_ALONE in presets and len(each) < 2:
            raise InputError(
                f"A recipe that trains several tasks was expected to train each alone, this one trains {len(each)}."
            )
        names = [name for one in presets for name in (each if one == _EACH_ALONE else [str(one)])]
        folder = self.shared.runs.compare(recipe, names, owner=owner, address=current().address)
        return (folder.id, *self.again(owner, folder.id))


def dropping(handler: Callable[..., tuple[Any, ...]]) -> Callable[..., tuple[Any, ...]]:
    """A handler that takes `Detail.pending` first and drops pending requests about the run that was open before.

    Its event needs the script `NUMBERED`.
    """

    # No `wraps`: Gradio would count the parameters of the inner handler.
    def wrapped(number: object, *values: Any) -> tuple[Any, ...]:  # noqa: ANN401
        counted = number_of(number)
        for pending in values[:_SECTIONS]:
            pending.begin(counted)
        return handler(*values[_SECTIONS:])

    return wrapped


def wire_run_detail(opening: Opening, opened: gr.State) -> list[Any]:
    """Connect the buttons.

    Returns:
        The events after which the table of runs has to be updated.
    """
    shared, detail = opening.shared, opening.detail
    who = [shared.owner, opened]

    def clicked(button: gr.Button, handler: Callable[..., tuple[Any, ...]], more: Any, filled: list[Any]) -> Any:  # noqa: ANN401
        return button.click(dropping(handler), [*detail.pending, *who, *more], filled, js=NUMBERED, **QUICK)

    def wired(button: gr.Button, handler: Callable[..., tuple[Any, ...]], *more: Any) -> Any:  # noqa: ANN401
        filled = [detail.problem, *detail.outputs]
        return clicked(button, reporting(handler, outputs=len(filled) - 1), more, filled)

    def wired_to_open(button: gr.Button, handler: Callable[..., tuple[Any, ...]], *more: Any) -> Any:  # noqa: ANN401
        filled = [detail.problem, opened, *detail.outputs]
        return clicked(button, reporting(handler, outputs=len(filled) - 1), more, filled)

    detail.use.click(opening.use, who, shared.picker, **QUICK)
    packed = detail.download.click(
        opening.download,
        who,
        [detail.problem, detail.file],
        show_progress="minimal",
        show_progress_on=detail.problem,
        api_visibility="private",
    )
    packed.success(None, detail.file, None, js=SAVE_FILE)
    detail.delete.click(partial(gr.Row, visible=True), None, detail.sure, **QUICK)
    detail.keep.click(partial(gr.Row, visible=False), None, detail.sure, **QUICK)
    run_before_after.wire_before_after(shared, detail.before_after, opened)
    run_evaluation.wire_evaluation(shared, detail.evaluation, opened)
    run_exporting.wire_exporting(shared, detail.exporting, opened)
    if detail.pushing:
        run_pushing.wire_pushing(shared, detail.pushing, opened)
    trained = run_suspects.wire_suspects(shared, detail.suspects, opened)
    return [
        wired(detail.stop, opening.stop),
        wired(detail.resume, opening.resume),
        wired(detail.rename, opening.rename, detail.name),
        wired_to_open(detail.delete_now, opening.delete),
        wired_to_open(detail.compare, opening.compare, detail.strategies),
        trained,
    ]


def _recipe_of(folder: RunFolder) -> Recipe:
    """What was asked for; a run of the command line has only what it wrote out."""
    request = folder.path / "request.yaml"
    return load(request if request.is_file() else folder.recipe)


def _recipe_text(folder: RunFolder, *, public: bool) -> str:
    try:
        recipe = _recipe_of(folder)
    except MtlError:  # its data may be missing by now
        return "# The data of this recipe are missing."
    return dump(without_folders(recipe) if public else recipe)
