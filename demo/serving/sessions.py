"""What the server keeps of each open page: bounded in number and in bytes, and bound to its visitor."""

import re
from collections import ChainMap, Counter, OrderedDict
from datetime import datetime
from threading import RLock
from typing import Any

from gradio.blocks import Blocks, BlocksConfig
from gradio.components import State
from gradio.state_holder import SessionState, StateHolder

from demo.serving.size import bytes_of
from demo.serving.visitor import NOBODY, Owner, Visitor, current

_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""Names of sessions: Gradio's page and clients make shorter ones."""
_OWNERS = 20_000
"""Sessions whose visitor is remembered, longer than their data."""


class Session(SessionState):
    """The state of one open page.

    Gradio copies the configuration of every component for each session (about a megabyte and 70 ms for this page) to be
    able to make links to a state. This page makes no such links: a session holds only what differs from the page.
    """

    def __init__(self, blocks: Blocks, sessions: "Sessions | None" = None) -> None:
        self.blocks_config = _overlay(blocks.default_config)
        self.config_values: dict[int, Any] = {}
        self.state_data: dict[int, Any] = {}
        self.nbytes = 0
        """Bytes of its data."""
        self._sizes: dict[int, int] = {}
        self.is_closed = False
        self.STATE_TTL_WHEN_CLOSED = 3600
        self._state_ttl: dict[int, tuple[float, datetime]] = {}
        self._sessions = sessions

    def __getitem__(self, key: int) -> Any:  # noqa: ANN401
        of_request = getattr(self.blocks_config.blocks[key], "value", None) is Owner.OF_REQUEST
        return current().owner if of_request else super().__getitem__(key)

    def __setitem__(self, key: int, value: Any) -> None:  # noqa: ANN401
        block = self.blocks_config.blocks.get(key)
        if not isinstance(block, State):
            self.blocks_config.blocks[key] = value
            return
        self._state_ttl[key] = (block.time_to_live, datetime.now())
        self.state_data[key] = value
        self.nbytes += (size := bytes_of(value)) - self._sizes.get(key, 0)
        self._sizes[key] = size
        if self._sessions is not None:
            self._sessions.make_room(self)

    def _update_config(self, key: int) -> None:
        pass

    def _update_value_in_config(self, key: int, value: Any) -> None:  # noqa: ANN401
        pass

    def forget(self) -> None:
        """Forget the data; the components start from their first values."""
        self.state_data.clear()
        self._sizes.clear()
        self.nbytes = 0


class Sessions(StateHolder):
    """Every open page, the least recently used first.

    Args:
        capacity: how many; beyond it the least recently used of the address with the most is forgotten.
        megabytes: of the data of all; beyond it the least recently used lose their data, but not the one in use.
    """

    def __init__(self, *, capacity: int, megabytes: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._most = capacity
        self._bytes = megabytes * 1e6
        self._owners: OrderedDict[str, Visitor] = OrderedDict()
        self._guard = RLock()

    def set_blocks(self, blocks: Blocks) -> None:
        """Take the page whose sessions these are."""
        super().set_blocks(blocks)
        self.capacity = self._most

    def admits(self, session_id: str, asker: Visitor) -> bool:
        """Whether a request may use a session; the first visitor who uses it owns it."""
        if not self.may_read(session_id, asker):
            return False
        with self._guard:
            self._owners.setdefault(session_id, asker)
            self._owners.move_to_end(session_id)
            while len(self._owners) > _OWNERS:
                self._owners.popitem(last=False)
        return True

    def may_read(self, session_id: str, asker: Visitor) -> bool:
        """Whether a session is this visitor's or nobody's; it stays nobody's."""
        with self._guard:
            owner = self._owners.get(session_id, asker)
        return bool(_NAME.fullmatch(session_id)) and owner.session_key == asker.session_key

    def __getitem__(self, session_id: str) -> Session:
        with self._guard:
            found = self.session_data.get(session_id)
            if found is None:
                found = self.session_data[session_id] = Session(self.blocks, self)
            self.session_data.move_to_end(session_id)
            if len(self.session_data) > self.capacity:
                self._forget_one(session_id)
            assert isinstance(found, Session)
            return found

    def _forget_one(self, using: str) -> None:
        """Forget the least recently used session of the address that has the most."""
        addresses = {name: self._owners.get(name, NOBODY).address for name in self.session_data}
        most, _ = Counter(addresses.values()).most_common(1)[0]
        oldest = next((name for name, address in addresses.items() if address == most and name != using), None)
        self.session_data.pop(oldest or next(iter(self.session_data)), None)

    def update(self, session_id: str) -> None:
        """Nothing: `__getitem__` keeps the order."""

    def make_room(self, using: Session) -> None:
        """Take the data of the least recently used sessions until the rest fits."""
        with self._guard:
            held = [one for one in self.session_data.values() if isinstance(one, Session)]
            total = sum(one.nbytes for one in held)
            for one in held:
                if total <= self._bytes:
                    return
                if one is not using:
                    total -= one.nbytes
                    one.forget()


def _overlay(page: BlocksConfig) -> BlocksConfig:
    """The page's configuration with room for changed components, without a copy of the others."""
    own = BlocksConfig(page.root_block)
    own.blocks = ChainMap({}, page.blocks)  # type: ignore[assignment]
    own.fns, own.fn_id, own.renderables = page.fns, page.fn_id, page.renderables
    return own
