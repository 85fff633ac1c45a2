"""The log of a server: one JSON object a line on standard error, without texts, file names or owners."""

import json
import logging
import sys
import threading
import time
import traceback
from collections.abc import Sequence

SERVER = "uvicorn.error"
"""The logger of the web server."""
_LONGEST = 300
"""Characters of a message."""


class JsonLines(logging.Formatter):
    """Time, level, logger and message; of an error its kind and the places of the code, not its text.

    The text of an error can quote what a visitor typed. A record's `fields`, where it has them, are keys of the line.
    """

    def format(self, record: logging.LogRecord) -> str:
        """A line."""
        stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created))
        line: dict[str, object] = {"time": stamp, "level": record.levelname.lower(), "logger": record.name}
        line["message"] = _plain(record.getMessage())
        line |= getattr(record, "fields", {})
        if record.exc_info and record.exc_info[1] is not None:
            line |= _error(record.exc_info[1])
        return json.dumps(line)


def _error(error: BaseException) -> dict[str, object]:
    places = traceback.extract_tb(error.__traceback__)
    return {
        "error": type(error).__name__,
        "at": [f"{'/'.join(place.filename.split('/')[-2:])}:{place.lineno} {place.name}" for place in places[-8:]],
    }


def _plain(text: str) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in text[:_LONGEST])


def set_up(names: Sequence[str], *, level: int = logging.WARNING) -> None:
    """Log in this form what these loggers get from a level on, and errors that end a thread."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    for name in names:
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(level)
    threading.excepthook = _log_thread


def _log_thread(ended: threading.ExceptHookArgs) -> None:
    name = ended.thread.name if ended.thread else "a thread"
    error = ended.exc_value or ended.exc_type()
    logging.getLogger("polyhead").error("%s ended with an error", name, exc_info=error)
