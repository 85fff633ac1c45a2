"""A run's best model uploaded to the Hugging Face Hub, by `python -m mtl push` in a separate process."""

import re
from collections.abc import Generator
from dataclasses import dataclass, field
from typing import Any

from demo.runs.commands import Command, Work
from demo.settings import Settings
from demo.training.exporting import need_model
from mtl.errors import InputError
from mtl.runs import RunFolder

_MINUTES = 240.0
_TOKEN = "HF_TOKEN"
_BAR = re.compile(r"([^\r\n]+): +(\d+)%\|[^\r\n]*$")


@dataclass(frozen=True, slots=True)
class Upload:
    """What a visitor asks for; `token` is in no text of this object."""

    repository: str
    token: str = field(default="", repr=False)
    private: bool = True
    sample: bool = False
    """Whether a few of the dev examples are uploaded."""


def push_run(run: RunFolder, upload: Upload, settings: Settings) -> Generator[str, None, str]:
    """Upload the best checkpoint of a run: yield what is being done, and return the address of the model.

    Raises:
        InputError: the page is public, there is no name or the token has other characters than a header can carry.
        RunError: there is no model yet, the Hub refuses it, or the upload was interrupted.
    """
    if settings.public:
        raise InputError("Models are uploaded by pages of one machine alone; download this one and push it yourself.")
    repository, token = upload.repository.strip(), upload.token.strip()
    if not repository or repository.startswith("-"):  # which would be an option of the command
        raise InputError("OWNER/NAME was expected as the name of a repository.")
    if not (token.isascii() and token.isprintable() and " " not in token):
        raise InputError("A token of the Hub was expected, letters and digits after hf_.")
    need_model(run, "upload")
    arguments = ["push", str(run.best), repository]
    arguments += ["--private"] * upload.private + ["--no-sample"] * (not upload.sample)
    command = Command(arguments, settings=settings, secrets={_TOKEN: token} if token else {}, work=Work.WAITS)
    answer = yield from _steps(command.watch(seconds=60 * _MINUTES))
    return str(answer["url"])


def _steps(lines: Generator[str, None, Any]) -> Generator[str, None, Any]:
    """The lines of the command; of the bars of the library that uploads, the file and its share."""
    while True:
        try:
            line = next(lines)
        except StopIteration as end:
            return end.value
        if bar := _BAR.search(line):
            yield f"sending {bar[1]}, {bar[2]} %"
        elif line and not line.startswith("error: "):
            yield line
