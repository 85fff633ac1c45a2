"""The page: its header and its tabs."""

import os
from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr

from demo import links
from demo.answers.engines import Engines
from demo.assets import ASSETS
from demo.events import settle_events
from demo.guide.pages import Page
from demo.runs import RunManager
from demo.serving.served_blocks import ServedBlocks
from demo.serving.visitor import owner_input
from demo.settings import Settings
from demo.tabs import analyze, classes, embeddings, entities, guide, label, train
from demo.tabs import runs as runs_tab
from demo.tabs.endpoints import build_endpoints
from demo.tabs.panels import build_panel, panel_class
from demo.tabs.shared import ON_ENGINE, QUICK, Shared, message_place
from demo.tabs.train import NEW, TrainTab
from demo.temporary import KEPT_SECONDS, use_for_uploads
from demo.views.header import BRAND, NO_CHIPS, chips

_SCRIPTS = [(ASSETS / name).read_text(encoding="utf-8") for name in ("panels.js", "typing.js", "pictures.js")]
_PANEL = "model"
_SWEEP_SECONDS = 600
"""Between two deletions of old uploads."""


def build_page(*, settings: Settings, engines: Engines, runs: RunManager) -> ServedBlocks:
    """Build the whole page."""
    use_for_uploads(os.environ)
    page = ServedBlocks(title="Polyhead", analytics_enabled=False, delete_cache=(_SWEEP_SECONDS, KEPT_SECONDS))
    with page:
        owner = owner_input()
        watched = gr.BrowserState(NEW, storage_key="polyhead-run", secret="polyhead")
        # Not inside the Train tab: a component in a tab that was never opened has no value yet.
        form = gr.BrowserState(None, storage_key="polyhead-form", secret="polyhead")
        annotator = gr.BrowserState("", storage_key="polyhead-annotator", secret="polyhead")
        width = gr.Number(1280, visible=False)
        with gr.Row(elem_id="ph-header"):
            gr.HTML(BRAND)
            picker = gr.Dropdown(
                engines.choices(""),
                value=None,
                show_label=False,
                container=False,
                elem_id="ph-picker",
                min_width=240,
                label="Model",
            )
            if settings.accounts:
                gr.LoginButton("Sign in", size="sm", min_width=100, elem_id="ph-sign-in")
            tasks = gr.HTML(NO_CHIPS, elem_id="ph-chips", elem_classes=panel_class(_PANEL))
        problem = message_place()
        shared = Shared(settings, engines, runs, picker, owner, watched, width)
        with gr.Tabs(elem_id=links.TABS, overflow_behavior="wrap"):
            with gr.Tab("Analyze", id="analyze"):
                analyze.build_analyze_tab(shared)
            with gr.Tab("Embeddings", id="embeddings"):
                embeddings.build_embeddings_tab(shared)
            with gr.Tab("Classes", id="classes"):
                classes.build_classes_tab(shared)
            with gr.Tab("Entities", id="entities"):
                entities.build_entities_tab(shared)
            with gr.Tab("Label", id="label") as tab:
                labelling = label.build_label_tab(shared, tab, annotator)
            with gr.Tab("Train", id="train") as tab:
                training = train.build_train_tab(shared, tab, form)
            with gr.Tab("Runs", id="runs") as tab:
                runs_tab.build_runs_tab(shared, training, tab)
            with gr.Tab("Guide", id="guide"):
                guide.build_guide_tab(shared)
        label.wire_hand_over(labelling, training)
        build_endpoints(shared)
        for script in _SCRIPTS:
            page.load(None, js=script)
        _keep_address(page, shared)
        _wire(page, shared, training, tasks, problem)
    settle_events(page)
    return page


def _wire(page: gr.Blocks, shared: Shared, training: TrainTab | None, tasks: gr.HTML, problem: gr.HTML) -> None:
    measured = page.load(None, None, shared.width, js="() => window.innerWidth", **QUICK)
    boxes = _sentence_boxes(page)
    greeted = measured.then(
        _greet(shared, len(boxes)), shared.owner, [*boxes, shared.picker, _guide_pages(page)], **QUICK
    )
    if training is not None:
        form = training.form
        restored = greeted.then(
            train.reattach(shared, training),
            [shared.owner, shared.watched, form.kept],
            [training.selector, shared.watched, *form.fields],
            **QUICK,
        )
        restored.then(train.ready, None, training.place, **QUICK)
        form.refresh_after(restored)
    panel = build_panel(_PANEL, [shared.picker])
    shared.picker.change(
        **panel.event(partial(_tasks, shared), [shared.picker, shared.owner], [tasks], problem=problem),
        trigger_mode="multiple",
        show_progress="hidden",
        **ON_ENGINE,
    )


def _keep_address(page: gr.Blocks, shared: Shared) -> None:
    """Keep tab, model and sentence in the page's address, and open the tab in the address."""
    page.load(None, js=links.OPEN_TAB)
    for tab in page.blocks.values():
        if isinstance(tab, gr.Tab):
            tab.select(None, js=links.remember_tab(str(tab.id)))
    usual = shared.engines.choices("")[0][1]
    shared.picker.change(None, shared.picker, js=links.remember("model", unless=usual))
    pages = _guide_pages(page)
    pages.change(None, pages, js=links.remember("guide", unless=str(pages.value)))
    for box in _sentence_boxes(page):
        box.change(None, box, js=links.remember("sentence", unless=str(box.value)))


def _guide_pages(page: gr.Blocks) -> gr.Radio:
    return next(b for b in page.blocks.values() if isinstance(b, gr.Radio) and b.elem_id == links.GUIDE_PAGES)


def _sentence_boxes(page: gr.Blocks) -> list[gr.Textbox]:
    boxes = {block.elem_id: block for block in page.blocks.values() if isinstance(block, gr.Textbox)}
    return [boxes[name] for name in links.SENTENCE_BOXES if name in boxes]


def _greet(shared: Shared, boxes: int) -> Callable[[str, gr.Request], tuple[Any, ...]]:
    # Gradio finds the request by the annotation of a plain function; it does not inspect a partial.
    def greet(owner: str, request: gr.Request) -> tuple[Any, ...]:
        choices = shared.engines.choices(owner)
        link = links.read_link(request.query_params, [key for _, key in choices], list(Page))
        return (
            *((gr.skip() if link.sentence is None else link.sentence) for _ in range(boxes)),
            gr.Dropdown(choices=choices, value=link.model or choices[0][1]),
            link.guide or gr.skip(),
        )

    return greet


def _tasks(shared: Shared, key: str, owner: str) -> tuple[str]:
    return (chips(shared.engines.get(key, owner).tasks),)
