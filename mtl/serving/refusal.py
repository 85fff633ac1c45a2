"""Requests that are not answered, each with one sentence and a status."""

from collections.abc import Mapping
from dataclasses import dataclass, field

UNPROCESSABLE, TOO_LARGE, TOO_MANY, BUSY = 422, 413, 429, 503
_KINDS = {401: "authentication_error", 429: "rate_limit_error"}


@dataclass(eq=False)  # not frozen: context managers set the traceback of an exception
class Refusal(Exception):
    """A request that is not answered.

    `key` is the key of the request that is at fault, `code` a name that programs test for.
    """

    status: int
    sentence: str
    key: str | None = None
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def content(self) -> dict[str, object]:
        """The answer: `error` as clients of OpenAI read it, and the sentence alone as `detail`."""
        kind = _KINDS.get(self.status, "server_error" if self.status >= 500 else "invalid_request_error")
        error = {"message": self.sentence, "type": kind, "param": self.key, "code": self.code}
        return {"error": error, "detail": self.sentence}
