"""The Guide tab: short pages with live examples and measured figures."""

from collections.abc import Callable
from dataclasses import dataclass

import gradio as gr

from demo import links
from demo.guide import measured
from demo.guide.pages import Page, read_page
from demo.tabs.guide import examples
from demo.tabs.shared import QUICK, Shared
from demo.views.catalogue import catalogue_table
from demo.views.measured import test_table, timing_table, trial_table


@dataclass(frozen=True)
class PageSupplement:
    """The supplement to the text of a page: a live example, and tables of figures under a heading."""

    example: Callable[[Shared], None]
    tables: Callable[[], str] = str
    heading: str = "Measurements"


def _freezing_tables() -> str:
    return (
        timing_table(measured.timings(), program="benchmarks/train.py")
        + timing_table(measured.comparison(), program="python -m mtl compare")
        + trial_table(measured.trials())
    )


_SUPPLEMENTS = {
    Page.POOLING: PageSupplement(examples.pooling),
    Page.HEADS: PageSupplement(examples.heads, lambda: test_table(measured.tests())),
    Page.FREEZING: PageSupplement(examples.freezing, _freezing_tables),
    Page.BACKBONE: PageSupplement(examples.backbone, catalogue_table, "Catalogue"),
    Page.TRAINING: PageSupplement(examples.training),
    Page.MEASURING: PageSupplement(examples.measuring),
}


def build_guide_tab(shared: Shared) -> None:
    """Build the tab and connect its events."""
    texts = {page: read_page(page) for page in Page}
    first = next(iter(Page))
    chosen = gr.Radio(
        [(text.title, page) for page, text in texts.items()], value=first, label="Page", elem_id=links.GUIDE_PAGES
    )
    columns = []
    for page, text in texts.items():
        with gr.Column(visible=page is first, elem_classes="ph-guide-page") as column:
            with gr.Row(elem_classes="ph-panes"):
                with gr.Column(scale=3, min_width=320):
                    gr.Markdown(f"## {text.title}\n\n{text.body}", elem_classes="ph-prose")
                with gr.Column(scale=2, min_width=320):
                    _SUPPLEMENTS[page].example(shared)
            heading, tables = _SUPPLEMENTS[page].heading, _SUPPLEMENTS[page].tables()
            if tables:
                gr.HTML(f'<div class="ph-heading"><h3>{heading}</h3></div>{tables}', elem_classes="ph-measured")
        columns.append(column)
    chosen.change(_show, chosen, columns, **QUICK)


def _show(chosen: str) -> list[gr.Column]:
    return [gr.Column(visible=page == chosen) for page in Page]
