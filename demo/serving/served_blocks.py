"""The page's Blocks: every request has a visitor, every error a sentence, and the queue takes turns."""

import html
import re
from typing import Any

import gradio as gr
from gradio.block_function import BlockFunction
from gradio.state_holder import SessionState

from demo.serving import plain, visitor
from demo.serving.problems import MISFIT, SYSTEM, sentence_of
from demo.serving.sendable import sendable
from demo.serving.sessions import Session
from demo.serving.turns import FairQueue, Shares
from mtl.errors import MtlError

_NEWS_SECONDS = 1.0
"""Between two messages to a waiting visitor about the place in the queue."""
_FILE_TYPE = "Invalid file type"
"""How Gradio begins the one message about a value that a visitor can act on."""


class ServedBlocks(gr.Blocks):
    """Blocks whose requests are answered for a visitor."""

    def take_turns(self, *, shares: Shares, slots: int) -> None:
        """Use a queue in which visitors take turns; handlers with a queue cannot be called around it.

        Args:
            shares: how many requests may wait.
            slots: how many handlers of one kind run at once, unless a handler sets its own limit.
        """
        # Gradio would tell all who wait of every start and end, which takes longer than the answers themselves.
        self.queue(_NEWS_SECONDS, api_open=False, max_size=shares.waiting, default_concurrency_limit=slots)
        self._queue = FairQueue.like(self._queue, shares)

    async def preprocess_data(
        self, block_fn: BlockFunction, inputs: list[Any], state: SessionState | None, explicit_call: bool = False
    ) -> Any:  # noqa: ANN401
        """Values of a request as the handler takes them.

        Raises:
            gr.Error: they do not fit.
        """
        state = state or Session(self)
        try:
            if plain.takes_texts(block_fn):
                self.validate_inputs(block_fn, inputs)
                return plain.preprocess(block_fn, inputs, state)
            return await super().preprocess_data(block_fn, inputs, state, explicit_call)
        except MtlError:
            raise
        except Exception as error:  # whatever a component makes of values that it was not made for
            if isinstance(error, OSError) and error.errno in SYSTEM:
                raise
            sentence = str(getattr(error, "message", ""))
            raise gr.Error(_of_file_type(sentence) if sentence.startswith(_FILE_TYPE) else MISFIT) from error

    async def postprocess_data(
        self, block_fn: BlockFunction, predictions: list[Any] | dict[Any, Any], state: SessionState | None
    ) -> list[Any]:
        """What a handler returned, as the browser takes it."""
        state = state or Session(self)
        if plain.gives_texts(block_fn, predictions):
            return plain.postprocess(block_fn, predictions, state)
        return await super().postprocess_data(block_fn, predictions, state)

    def handle_streaming_diffs(  # type: ignore[override]  # Gradio gives all but the first two by name
        self,
        block_fn: BlockFunction,
        data: list[Any],
        **of: Any,  # noqa: ANN401
    ) -> list[Any]:
        """What the page makes the next values of a generator from: each is left alone or replaced as a whole.

        Gradio sends edits of parts, and its page makes them in the objects of the answer before. If that one is not
        shown yet, because both answers came at once, it loses what the next one leaves unchanged.
        """
        session, run = of["session_hash"], of["run"]
        is_first = session is None or run is None or run not in self.pending_diff_streams[session]
        whole = list(data)
        found: list[Any] = super().handle_streaming_diffs(block_fn, data, **of)
        if is_first or of["final"] or of["simple_format"]:
            return found
        return [[["replace", [], value]] if edits else [] for edits, value in zip(found, whole, strict=True)]

    async def process_api(self, *values: Any, **named: Any) -> dict[str, Any]:  # noqa: ANN401
        """Answer a request for the visitor who sent it.

        Raises:
            gr.Error: with one sentence.
        """
        request = named.get("request")
        asked = request[0] if isinstance(request, list) and request else request
        received = asked.request if isinstance(asked, gr.Request) else None
        visitor.set_current(visitor.of_scope(received.scope) if received else visitor.NOBODY)
        named["state"] = named.get("state") or Session(self)
        block_fn = values[0] if values else named["block_fn"]
        clicked = getattr(named.get("event_data"), "_data", None)
        if getattr(block_fn, "collects_event_data", False) and not isinstance(clicked, dict):
            raise gr.Error(MISFIT, print_exception=False)
        try:
            answer = await super().process_api(*values, **named)
            return {**answer, "data": sendable(answer["data"])}
        except Exception as error:
            # The browser shows the message as HTML, and it may quote a file or a label.
            raise gr.Error(html.escape(sentence_of(error)), print_exception=False) from error


def _of_file_type(said: str) -> str:
    endings = re.findall(r"\.\w+", said.partition(":")[2])
    return f"A file that ends in {', '.join(endings[:-1])} or {endings[-1]} was expected." if endings[1:] else said
