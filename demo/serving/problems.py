"""One sentence for every error that reaches a visitor."""

import errno
import logging
import secrets

import gradio as gr

from mtl.errors import MtlError
from mtl.text.words import clean

_log = logging.getLogger("polyhead")
SYSTEM = {
    errno.ENOSPC: "The disk of this server is full. Nothing was changed; try again later.",
    errno.EDQUOT: "The disk of this server is full. Nothing was changed; try again later.",
    errno.EROFS: "This server cannot write to its disk. Nothing was changed.",
    errno.EACCES: "This server may not use one of its own files. Nothing was changed.",
    errno.EPERM: "This server may not use one of its own files. Nothing was changed.",
    errno.EMFILE: "This server has too many files open. Try again later.",
    errno.ENFILE: "This server has too many files open. Try again later.",
    errno.EAGAIN: "This server cannot start another process now. Try again later.",
    errno.ENOMEM: "This server has too little free memory. Try again later.",
    errno.ENOENT: "A file that this needs is no longer there. Reload the page and try again.",
}
"""What a visitor is told of an error of the operating system, by its number."""
MISFIT = "The values do not fit the page as it is now. Reload the page and try again."
"""For a request that the page itself never sends, or one from a page that the server has forgotten."""


def sentence_of(error: BaseException) -> str:
    """What a visitor is told; an error that nobody expected is logged under the number in the sentence."""
    if isinstance(error, MtlError):
        return clean(str(error))
    if isinstance(error, gr.Error):
        return clean(str(error.message))
    if isinstance(error, OSError) and error.errno in SYSTEM:
        _log.warning("%s: %s", type(error).__name__, error.strerror)
        return SYSTEM[error.errno]
    if isinstance(error, MemoryError):
        return SYSTEM[errno.ENOMEM]
    number = secrets.token_hex(4)
    _log.error("error %s", number, exc_info=error)
    return f"This failed for a reason that was not expected. The log of this server has it as error {number}."
