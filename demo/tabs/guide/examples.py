"""The live examples of the guide, which run a model or a formula."""

from collections.abc import Callable
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import gradio as gr
import numpy as np

from demo.answers import passes
from demo.answers.cost import need_typed
from demo.answers.engines import BACKBONE
from demo.inputs.examples import ENTITY_EXAMPLES, sentence_sets
from demo.inputs.text_input import one_text
from demo.labelling.form import hints_of
from demo.maps import similarity
from demo.tabs.panels import build_panel, panel_class
from demo.tabs.shared import ON_ENGINE, Shared, heading, message_place
from demo.training import architecture
from demo.views import guide, message
from mtl.errors import InputError
from mtl.metrics import embedding_metrics
from mtl.recipe import DEFAULT_BACKBONE

if TYPE_CHECKING:
    from mtl.inference.poolings import Poolings

_PAIR = ("The soup was cold and the waiter was rude.", "Dinner was a disappointment.")
_TEXT = "The keeper saved a penalty in the last minute."
_LABELS = "sports: matches, athletes and records\nhealth: illness and medicine\ntravel: hotels, routes and sights"
_FIELD = "The patient's electroencephalogram showed paroxysmal discharges after carbamazepine."


def pooling(shared: Shared) -> None:
    """Two sentences, and their cosine under every pooling of the default backbone."""
    heading("Try it", "One pass of the default backbone, with every pooling.")
    first = gr.Textbox(_PAIR[0], label="A sentence", elem_id="ph-guide-first")
    second = gr.Textbox(_PAIR[1], label="Another sentence")
    run = gr.Button("Compare poolings", size="md")
    problem = message_place()
    found = _result("poolings", "Press the button to see the cosine of the two sentences.")
    triggers = [run.click, first.submit, second.submit]
    _wire("poolings", triggers, partial(_poolings, shared), [first, second], [problem, found])


def heads(shared: Shared) -> None:
    """One sentence through every head of the model in the header."""
    heading("Try it", "One pass of the model in the header.")
    text = gr.Textbox(next(iter(ENTITY_EXAMPLES.values())), label="Sentence for all heads")
    run = gr.Button("Run all heads", size="md")
    problem = message_place()
    cost = gr.HTML(message.note(" "))
    found = _result("heads", "Press the button to see the prediction of every head.")
    inputs = [shared.picker, shared.owner, text]
    _wire("heads", [run.click, text.submit], partial(_heads, shared), inputs, [problem, cost, found])


def freezing(shared: Shared) -> None:
    """The share of the default backbone that each freezing choice trains."""
    known = architecture.of(DEFAULT_BACKBONE)
    if known:
        heading("Trained parameters", f"Share of {DEFAULT_BACKBONE.rpartition('/')[2]}, without heads.")
        gr.HTML(guide.shares(guide.trained_shares(known), label="trained share of the encoder"))
        gr.HTML(message.note("The Train tab draws the same choice as a stack, with your heads on top."))


def backbone(shared: Shared) -> None:
    """How the tokenizer of the model in the header splits words."""
    heading("Try it", "The tokenizer of the model in the header.")
    text = gr.Textbox(_FIELD, label="A sentence from your domain", lines=2)
    run = gr.Button("Tokenize", size="md")
    problem = message_place()
    found = _result("pieces", "Press the button to see the sub-words.")
    inputs = [shared.picker, shared.owner, text]
    _wire("pieces", [run.click, text.submit], partial(_pieces, shared), inputs, [problem, found])


def labelling(shared: Shared) -> None:
    """How near a text is to the names and descriptions of labels that nobody has given yet."""
    heading("Try it", "The model in the header, before any label is given.")
    text = gr.Textbox(_TEXT, label="A text without a label")
    labels = gr.Textbox(_LABELS, label="Labels, one a line, with a description after a colon", lines=3)
    run = gr.Button("Compare with the labels", size="md")
    problem = message_place()
    found = _result("labels", "Press the button to see the label that the model would guess first.")
    inputs = [shared.picker, shared.owner, text, labels]
    _wire("labels", [run.click, text.submit], partial(_near_labels, shared), inputs, [problem, found])


def training(shared: Shared) -> None:
    """How often three tasks are sampled, for sizes that can be changed."""
    heading("Try it", "How often each of three tasks is sampled.")
    sizes = [gr.Number(n, label=f"Batches of task {i}", precision=0, minimum=1) for i, n in enumerate((400, 60, 8), 1)]
    alpha = gr.Slider(0, 1, value=0.5, step=0.05, label="alpha")
    shown = gr.HTML(_shares(0.5, 400, 60, 8), elem_id="ph-guide-shares")
    gr.on(
        [alpha.change, *(size.change for size in sizes)],
        _shares,
        [alpha, *sizes],
        shown,
        trigger_mode="always_last",
        queue=False,
        show_progress="hidden",
        api_visibility="private",
    )


def measuring(shared: Shared) -> None:
    """The drift of the model in the header from the original backbone."""
    heading("Try it", "The model in the header compared with the original backbone, on the example sentences.")
    run = gr.Button("Measure drift", size="md")
    problem = message_place()
    found = _result("drift", "Press the button to run both models on the same sentences.")
    _wire("drift", [run.click], partial(_drift, shared), [shared.picker, shared.owner], [problem, found])


def _result(name: str, empty: str) -> gr.HTML:
    return gr.HTML(message.empty(empty), elem_id=f"ph-guide-{name}", elem_classes=panel_class(f"guide-{name}"))


def _wire(
    name: str, triggers: list[Any], handler: Callable[..., tuple[Any, ...]], inputs: list[Any], outputs: list[Any]
) -> None:
    """Connect the triggers; the first output is the place for an error."""
    panel = build_panel(f"guide-{name}", [widget for widget in inputs if not isinstance(widget, gr.State)])
    problem, *filled = outputs
    gr.on(
        triggers,
        **panel.event(handler, inputs, filled, problem=problem),
        trigger_mode="multiple",
        show_progress="minimal",
        show_progress_on=outputs[-1],
        **ON_ENGINE,
    )


@cache
def _backbone_poolings() -> "Poolings":
    from mtl.inference.poolings import Poolings  # imports torch, which makes the start of the page slow

    return Poolings.load(DEFAULT_BACKBONE)


def _poolings(shared: Shared, first: str, second: str) -> tuple[str]:
    texts = [one_text(text, shared.settings) for text in (first, second)]
    model = _backbone_poolings()
    vectors = model.encode(texts)
    found = {str(name): float(similarity.cosine_matrix(pair)[0, 1]) for name, pair in vectors.items()}
    return (guide.cosine_table(found, own=str(model.own)),)


def _heads(shared: Shared, key: str, owner: str, text: str) -> tuple[str, str]:
    model, asked = shared.engines.get(key, owner), one_text(text, shared.settings)
    need_typed(model, [asked], shared.settings)
    passed = passes.analyze_texts(model, [asked])
    return message.cost(passed.analyses, passed.seconds), guide.head_rows(
        passed.analyses[0], passed.tasks, passed.colours
    )


def _pieces(shared: Shared, key: str, owner: str, text: str) -> tuple[str]:
    asked = one_text(text, shared.settings)
    model = shared.engines.get(key, owner)
    need_typed(model, [asked], shared.settings)
    return (guide.pieces(asked, model.subwords(asked)),)


def _near_labels(shared: Shared, key: str, owner: str, text: str, labels: str) -> tuple[str]:
    asked, hints = one_text(text, shared.settings), hints_of(labels)
    if not hints:
        raise InputError("One label a line was expected, there is none.")
    model = shared.engines.get(key, owner)
    texts = [asked, *(f"{hint.name}. {hint.description}".strip() for hint in hints)]
    need_typed(model, texts, shared.settings)
    vectors = passes.analyze_texts(model, texts).vectors
    near = similarity.cosine_matrix(vectors)[0, 1:].tolist()
    return (guide.nearest_labels({hint.name: cosine for hint, cosine in zip(hints, near, strict=True)}),)


def _shares(alpha: float, *sizes: float | None) -> str:
    weights = np.array([max(size or 1, 1) for size in sizes], dtype=float) ** alpha
    parts = {f"task {i}": float(share) for i, share in enumerate(weights / weights.sum(), start=1)}
    return guide.shares(parts, label="share of batches")


def _drift(shared: Shared, key: str, owner: str) -> tuple[str]:
    texts = sentence_sets()[0].sentences.texts
    model, untouched = shared.engines.get(key, owner), shared.engines.get(BACKBONE, owner)
    if model.backbone != untouched.backbone:
        raise InputError(
            f"A model with backbone {untouched.backbone} was expected in the header, was {model.backbone}."
        )
    before, after = passes.analyze_texts(untouched, texts), passes.analyze_texts(model, texts)
    found = embedding_metrics(before.vectors, after.vectors)
    return (
        message.note(
            f"Over {len(texts)} sentences: drift {found['drift']:.3f}, neighbour overlap "
            f"{found['neighbour_overlap']:.2f}."
        ),
    )
