"""One sentence for every failure of a request."""

import logging
import secrets

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from mtl.errors import MtlError
from mtl.serving.refusal import BUSY, UNPROCESSABLE, Refusal

_log = logging.getLogger("polyhead.serve")
_JSON = "A JSON object with the content type application/json was expected."
_STATUSES = {
    400: (UNPROCESSABLE, _JSON),  # FastAPI's for JSON that is too deep
    404: (404, "There is no such address; /docs lists all."),
    405: (405, "This address is asked in another way; /docs says how."),
}
_LONGEST = 60
"""Characters of a key that a sentence repeats."""


def refusal_of(error: Exception) -> Refusal:
    """What a client is told; an error that nobody expected is logged under the number in the sentence."""
    if isinstance(error, Refusal):
        return error
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    if isinstance(error, HTTPException) and error.status_code in _STATUSES:
        return Refusal(*_STATUSES[error.status_code], headers=error.headers or {})
    if isinstance(error, MtlError):
        return Refusal(UNPROCESSABLE, error.message)
    if isinstance(error, MemoryError):
        return Refusal(BUSY, "This server has too little free memory. Try again later.", headers={"retry-after": "5"})
    number = secrets.token_hex(4)
    _log.error("error %s", number, exc_info=error)
    return Refusal(500, f"This failed for a reason that was not expected. The log of this server has it as {number}.")


def _invalid(error: RequestValidationError) -> Refusal:
    first = error.errors()[0]
    keys = [str(part) for part in first["loc"][1:]]
    if not keys or first["type"] == "json_invalid":
        return Refusal(UNPROCESSABLE, _JSON)
    key = "".join(letter for letter in ".".join(keys)[:_LONGEST] if letter.isprintable())
    return Refusal(UNPROCESSABLE, f"{key}: {_problem(first)}", key=key)


def _problem(error: dict[str, object]) -> str:
    kind = error["type"]
    if kind == "missing":
        return "a value was expected, there is none"
    if kind == "extra_forbidden":
        return "there is no such key"
    message = str(error["msg"]).removeprefix("Value error, ")
    return message[:1].lower() + message[1:]
