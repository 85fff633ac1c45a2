"""What every event of the page has in common, set when all are there."""

from typing import Literal

import gradio as gr
from gradio.block_function import BlockFunction

_BUTTONS = {"click", "tick", "load"}
"""What may be ignored while the same event is being answered: a second press of a button, a tick of a timer."""


def settle_events(page: gr.Blocks) -> None:
    """Let no choice and no press be ignored, and keep no status of an event that shows none.

    Gradio ignores an event while the same one is being answered. Of choices the last one counts instead, and what is
    pressed in a list, such as a row of a table, is answered at once.
    """
    for event in page.fns.values():
        if event.trigger_mode == "once":
            event.trigger_mode = _mode(event)
        if event.show_progress == "hidden":
            # Else the page keeps a status of every output, and looks for the place of each whenever one changes.
            event.show_progress_on = []


def _mode(event: BlockFunction) -> Literal["once", "multiple", "always_last"]:
    if not getattr(event, "collects_event_data", False):
        return "once" if {name for _, name in event.targets} <= _BUTTONS else "always_last"
    read = {block for block in event.inputs if not isinstance(block, gr.State)}
    # The browser would send what it shows before the first answer, and the second answer would take that back.
    return "once" if event.queue or read.intersection(event.outputs) else "multiple"
