"""The queue of requests: a share for each visitor and each address, and turns between them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import fastapi
from gradio.data_classes import PredictBodyInternal
from gradio.queueing import Event, Queue

from demo.serving import visitor
from demo.serving.visitor import Visitor


@dataclass(frozen=True, slots=True)
class Shares:
    """How many requests may wait in the queue: in all, of one visitor, and of one address."""

    waiting: int
    of_visitor: int
    of_address: int


class FairQueue(Queue):
    """Gradio's queue, in which addresses, and visitors of one address, take turns."""

    shares: Shares

    @classmethod
    def like(cls, other: Queue, shares: Shares) -> "FairQueue":
        """A queue with the settings of another one."""
        made = cls(
            live_updates=other.live_updates,
            concurrency_count=other.max_thread_count,
            update_intervals=other.update_intervals,
            max_size=other.max_size,
            blocks=other.blocks,
            default_concurrency_limit=other.default_concurrency_limit,
        )
        made.shares = shares
        return made

    async def push(self, body: PredictBodyInternal, request: fastapi.Request, username: str | None) -> Any:  # noqa: ANN401
        """Queue a request, or say in one sentence why it cannot wait."""
        refusal = self._refusal(visitor.of_scope(request.scope))
        if refusal:
            return False, refusal, "queue_full"
        answer = await super().push(body, request, username)
        for events in self.event_queue_per_concurrency_id.values():
            events.queue[:] = in_turns(events.queue)
        return answer

    def _refusal(self, asker: Visitor) -> str:
        askers = [_asker(event) for events in self.event_queue_per_concurrency_id.values() for event in events.queue]
        if len(askers) >= self.shares.waiting:
            return "Too many requests are waiting on this page. Try again in a moment."
        if sum(other.address == asker.address for other in askers) >= self.shares.of_address:
            return "Too many requests from your network are waiting. Try again in a moment."
        if asker.owner and sum(other.owner == asker.owner for other in askers) >= self.shares.of_visitor:
            return "Too many of your requests are waiting. Try again when they are answered."
        return ""


def in_turns(events: Sequence[Event]) -> list[Event]:
    """Waiting events in the order of their turns: each address's first, then each address's second, and so on.

    Within an address the same holds for its visitors. Otherwise the first to come is the first to go.
    """
    rounds = Counter[Visitor]()
    own = []
    for place, event in enumerate(events):
        asker = _asker(event)
        own.append((rounds[asker], place, event))
        rounds[asker] += 1
    turns = Counter[str]()
    ranked = []
    for turn, place, event in sorted(own, key=lambda entry: entry[:2]):
        address = _asker(event).address
        ranked.append((turns[address], turn, place, event))
        turns[address] += 1
    return [event for *_, event in sorted(ranked, key=lambda entry: entry[:3])]


def _asker(event: Event) -> Visitor:
    return visitor.of_scope(event.request.scope)
