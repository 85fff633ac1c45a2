"""Values of text components, converted where they are.

Gradio sends every value of every component through a thread of its own, which for texts takes far longer than the
conversion: a fifth of the server's time for an answer of the Analyze tab, which has thirteen.
"""

from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.state_holder import SessionState

_TEXTS = (gr.HTML, gr.Textbox)
_CHOICES = (gr.Dropdown,)


def takes_texts(block_fn: BlockFunction) -> bool:
    """Whether all inputs of a handler are texts, choices or data of the session."""
    kinds = (*_TEXTS, *_CHOICES, gr.State)
    plain = all(isinstance(block, kinds) for block in block_fn.inputs)
    return plain and block_fn.preprocess and not block_fn.component_prop_inputs and not block_fn.batch


def preprocess(block_fn: BlockFunction, inputs: Sequence[Any], state: SessionState) -> list[Any]:
    """The values as the handler takes them.

    Raises:
        gr.Error: a choice is not among the choices.
        ValueError: a value is no text.
    """
    taken = []
    for block, value in zip(block_fn.inputs, inputs, strict=False):
        held = state[block._id]
        if block.stateful:
            taken.append(held)
        elif isinstance(value, str | int | float | None) or isinstance(block, _CHOICES):
            taken.append(held.preprocess(value))
        else:
            raise ValueError("a text was expected")
    return taken


def gives_texts(block_fn: BlockFunction, predictions: Any) -> bool:  # noqa: ANN401
    """Whether a handler returned nothing but texts and data of the session, without changes of components."""
    blocks = block_fn.outputs
    given = [predictions] if len(blocks) == 1 else predictions
    return (
        isinstance(given, list | tuple)
        and len(given) == len(blocks) > 0
        and not block_fn.is_validator_function
        and bool(block_fn.postprocess)
        and not block_fn.batch
        and all(
            not isinstance(value, dict | gr.blocks.Block)
            if isinstance(block, gr.State)
            else isinstance(block, _TEXTS) and isinstance(value, str)
            for block, value in zip(blocks, given, strict=True)
        )
    )


def postprocess(block_fn: BlockFunction, predictions: Any, state: SessionState) -> list[Any]:  # noqa: ANN401
    """The values as the browser takes them."""
    given = [predictions] if len(block_fn.outputs) == 1 else predictions
    output: list[Any] = []
    for block, value in zip(block_fn.outputs, given, strict=True):
        if isinstance(block, gr.State):
            state[block._id] = value
            output.append(None)
        else:
            output.append(state[block._id].postprocess(value))
    return output
