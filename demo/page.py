"""The page as a table of contents."""

import secrets
from functools import partial
from typing import Any

import gradio as gr

from demo.engines import Engines
from demo.runs import RunManager
from demo.settings import Settings
from demo.tabs import classes, embeddings, entities, train
from demo.tabs import runs as runs_tab
from demo.tabs.shared import Shared, message_place, reporting
from demo.tabs.train import NEW, TrainTab
from demo.views.header import BRAND, chips

_CACHE_SECONDS = (3600, 86400)
"""How often uploads are swept, and how old they may grow."""


def build(*, settings: Settings, engines: Engines, runs: RunManager) -> gr.Blocks:
    """The whole page."""
    page = gr.Blocks(title="Polyhead", analytics_enabled=False, delete_cache=_CACHE_SECONDS)
    with page:
        owner = gr.BrowserState("", storage_key="polyhead-owner", secret="polyhead")
        watched = gr.BrowserState(NEW, storage_key="polyhead-run", secret="polyhead")
        # Not in the Train tab either: what stands in a tab that was never opened has no value yet.
        form = gr.BrowserState(None, storage_key="polyhead-form", secret="polyhead")
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
            tasks = gr.HTML(chips({}), elem_id="ph-chips")
        problem = message_place()
        shared = Shared(settings, engines, runs, picker, owner, watched, width)
        with gr.Tabs(overflow_behavior="wrap"):
            with gr.Tab("Embeddings", id="embeddings"):
                embeddings.build(shared)
            with gr.Tab("Classes", id="classes"):
                classes.build(shared)
            with gr.Tab("Entities", id="entities"):
                entities.build(shared)
            with gr.Tab("Train", id="train") as tab:
                training = train.build(shared, tab, form)
            with gr.Tab("Runs", id="runs") as tab:
                runs_tab.build(shared, training, tab)
        _wire(page, shared, training, tasks, problem)
    return page


def _wire(page: gr.Blocks, shared: Shared, training: TrainTab | None, tasks: gr.HTML, problem: gr.HTML) -> None:
    quick: dict[str, Any] = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
    measured = page.load(None, None, shared.width, js="() => window.innerWidth", **quick)
    greeted = measured.then(partial(_greet, shared), shared.owner, [shared.owner, shared.picker], **quick)
    if training is not None:
        form = training.form
        restored = greeted.then(
            train.reattach(shared, training),
            [shared.owner, shared.watched, form.kept],
            [training.selector, shared.watched, *form.fields],
            **quick,
        )
        form.refresh_after(restored)
    shared.picker.change(
        reporting(partial(_tasks, shared), outputs=1),
        [shared.picker, shared.owner],
        [problem, tasks],
        concurrency_id="engine",
        show_progress="hidden",
        api_visibility="private",
    )


def _greet(shared: Shared, owner: str) -> tuple[str, gr.Dropdown]:
    owner = owner or secrets.token_urlsafe(32)
    choices = shared.engines.choices(owner)
    return owner, gr.Dropdown(choices=choices, value=choices[0][1])


def _tasks(shared: Shared, key: str, owner: str) -> tuple[str]:
    return (chips(shared.engines.get(key, owner).tasks),)
