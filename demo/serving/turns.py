"""The queue of requests: a share for each visitor and each address, and turns between them."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import fastapi
from gradio.data_classes import PredictBodyInternal
from gradio.queueing import Event, Queue

from demo.serving import visitor
from demo.serving.visitor import Visitor

_REMEMBERED = 1_000
"""Requests and sessions that the queue remembers after their end."""


@dataclass(frozen=True, slots=True)
class Shares:
    """How many requests may wait in the queue, and whether some slots are kept free for others."""

    waiting: int
    of_visitor: int
    of_address: int
    keeps_slots: bool = True
    """Whether one visitor gets at most half of the slots of a kind, and one address all but one."""


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
        made.ANALYTICS_MAX_EVENTS = _REMEMBERED
        return made

    async def push(self, body: PredictBodyInternal, request: fastapi.Request, username: str | None) -> Any:  # noqa: ANN401
        """Queue a request, or say in one sentence why it cannot wait."""
        refusal = self._refusal(visitor.of_scope(request.scope))
        if refusal:
            return False, refusal, "queue_full"
        answer = await super().push(body, request, username)
        self._forget_sessions()
        for events in self.event_queue_per_concurrency_id.values():
            events.queue[:] = in_turns(events.queue)
        return answer

    def get_events(self) -> tuple[list[Event], bool, str] | None:
        """The next request that may begin; one whose visitor or address has its slots already waits."""
        running = [event for job in self.active_jobs if job is not None for event in job]
        kinds = list(self.event_queue_per_concurrency_id)
        random.shuffle(kinds)
        for kind in kinds:
            waiting = self.event_queue_per_concurrency_id[kind]
            slots = waiting.concurrency_limit
            if slots is not None and waiting.current_concurrency >= slots:
                continue
            beside = [_asker(event) for event in running if event.concurrency_id == kind]
            event = next((one for one in waiting.queue if self._has_slot(_asker(one), beside, slots)), None)
            if event is not None:
                waiting.queue.remove(event)
                return [event], False, kind
        return None

    def _has_slot(self, asker: Visitor, beside: Sequence[Visitor], slots: int | None) -> bool:
        if slots is None or not self.shares.keeps_slots:
            return True
        own = sum(bool(asker.owner) and other.owner == asker.owner for other in beside)
        near = sum(other.address == asker.address for other in beside)
        return own < max(1, slots // 2) and near < max(1, slots - 1)

    def broadcast_estimations(self, concurrency_id: str, after: int | None = None) -> None:
        """Tell waiting visitors their place, but not on arrival: most are answered before they could read it."""
        if after is None:
            super().broadcast_estimations(concurrency_id)

    def _forget_sessions(self) -> None:
        """Forget the sessions without pending requests, which Gradio remembers."""
        if len(self.pending_event_ids_session) > _REMEMBERED:
            for session in [name for name, pending in self.pending_event_ids_session.items() if not pending]:
                del self.pending_event_ids_session[session]

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
