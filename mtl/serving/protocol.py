"""HTTP as uvicorn speaks it, with answers in JSON to requests that cannot be parsed."""

import sys

import h11
import orjson
from uvicorn.protocols.http.h11_impl import H11Protocol

from mtl.serving.refusal import Refusal

_SENTENCES = {
    413: "A request with a shorter first line and fewer headers was expected.",
    431: "Headers of at most 64 kB together were expected.",
    501: "A Transfer-Encoding of chunked, or none, was expected.",
}
_NO_HTTP = "A request in HTTP/1.1 was expected."
_LINGERS = 2.0
"""Seconds in which what a client still sends is dropped: closing at once would take the answer away from it."""
_DROPPED = 1 << 24
"""Bytes that are dropped at most."""


class Protocol(H11Protocol):
    """A connection; requests that cannot be parsed get one sentence, as all others do.

    A subclass, since uvicorn takes a class and asks it for nothing else.
    """

    _dropped: int | None = None

    def data_received(self, data: bytes) -> None:
        """Read a request, or drop what comes after a refusal."""
        if self._dropped is None:
            super().data_received(data)
            return
        self._dropped += len(data)
        if self._dropped > _DROPPED:
            self.transport.close()

    def send_400_response(self, msg: str) -> None:
        """Refuse a request that cannot be parsed; uvicorn calls this while it handles the error of the parser."""
        error = sys.exception()
        status = error.error_status_hint if isinstance(error, h11.RemoteProtocolError) else 400
        if self.conn.our_state not in (h11.IDLE, h11.SEND_RESPONSE):  # half of an answer is there
            self.transport.close()
            return
        content = orjson.dumps(Refusal(status, _SENTENCES.get(status, _NO_HTTP)).content())
        headers = [("content-type", "application/json"), ("content-length", str(len(content))), ("connection", "close")]
        for event in (h11.Response(status_code=status, headers=headers), h11.Data(data=content), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")
        self._dropped = 0
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(_LINGERS, self.transport.close)
