"""Upload of a model folder: its files and a model card, as one commit.

Files that the Hub has already, from an upload that was interrupted or from an earlier version, are not sent again:
the Hub is asked for each file, or part of one, before it is sent (`huggingface_hub`).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import (
    HfHubHTTPError,
    HFValidationError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
)
from huggingface_hub.utils import validate_repo_id

from mtl.checkpoint.config import CARD_FILE, SAMPLE_FOLDER
from mtl.errors import CheckpointError, HubError, InputError
from mtl.folders import files_in
from mtl.hub import network_errors
from mtl.inference.source import ModelSource, find_model
from mtl.outside import SUMMARIES_FILE
from mtl.pushing.card import pushed_card
from mtl.pushing.options import PushOptions


@dataclass(frozen=True, slots=True)
class Pushed:
    """An upload: the page of the model, and how many files it has."""

    url: str
    files: int


def push(
    model: str | Path,
    repository: str,
    options: PushOptions | None = None,
    *,
    on_step: Callable[[str], None] = lambda _: None,
) -> Pushed:
    """Upload a model, so that `mtl.Engine.load(repository)` loads it anywhere.

    The account is that of `HF_TOKEN` or of `hf auth login`, the Hub that of `HF_ENDPOINT`.

    Args:
        model: a checkpoint folder, or `starter`.
        repository: `OWNER/NAME`; it is made where it is missing.
        options: what the checkpoint does not say.
        on_step: called with what begins, in words.

    Raises:
        CheckpointError: the model is no checkpoint, or nobody else could load it.
        InputError: the repository, the licence or a data set has no valid name.
        HubError: the Hub refuses or cannot be reached; calling again goes on where it stopped.
    """
    options = options or PushOptions()
    _need_name(repository)
    options.need_valid()
    source = _source(str(model))
    card = pushed_card(source, repository, options)
    api = HfApi()
    on_step(f"asking the Hub for {repository}")
    try:
        api.create_repo(repository, private=options.private or None, exist_ok=True)
    except network_errors(ValueError) as error:
        raise HubError(_reason(error, repository) or "the Hub cannot be reached, nothing was uploaded") from error
    try:
        files = list(_operations(source.folder, card, sample=options.sample))
        gone = _no_longer(api.list_repo_files(repository), {file.path_in_repo for file in files})
        on_step(f"sending {len(files)} files, {_size(files) / 1e6:.1f} MB")
        message = f"Upload {source.folder.name} with Polyhead"
        commit = api.create_commit(repository, [*files, *gone], commit_message=message)
    except network_errors(ValueError, RuntimeError) as error:
        broken = f"the upload to {repository} was interrupted; the same call goes on with the files that are missing"
        raise HubError(_reason(error, repository) or broken) from error
    return Pushed(str(commit.repo_url), len(files))


def _need_name(repository: str) -> None:
    owner, _, name = repository.partition("/")
    try:
        validate_repo_id(repository)
    except HFValidationError as error:
        raise InputError(f"OWNER/NAME was expected as the name of a repository, was {repository!r}") from error
    if not owner or not name:
        raise InputError(f"OWNER/NAME was expected as the name of a repository, was {repository!r}")


def _source(model: str) -> ModelSource:
    source = find_model(model)
    if source.config is None:
        raise CheckpointError("a checkpoint was expected, this is a backbone without heads", path=source.folder)
    backbone = source.config.backbone
    if backbone.is_of_this_machine:
        raise CheckpointError(
            f"its backbone {backbone.shown_name} is a folder of this machine, which nobody else has; "
            "`python -m mtl export … --format sentence-transformers` writes a model that is whole",
            path=source.folder,
        )
    return source


def _operations(folder: Path, card: str, *, sample: bool) -> Iterator[CommitOperationAdd]:
    yield CommitOperationAdd(CARD_FILE, card.encode())
    for file in sorted(files_in(folder)):
        name = file.relative_to(folder)
        hidden = any(part.startswith(".") for part in name.parts)
        if not hidden and name != Path(CARD_FILE) and (sample or name.parts[0] != SAMPLE_FOLDER):
            yield CommitOperationAdd(name.as_posix(), file)


def _size(files: Iterable[CommitOperationAdd]) -> int:
    """Bytes, those that the Hub may have already included."""
    return sum(file.upload_info.size for file in files)


def _no_longer(there: Iterable[str], uploaded: set[str]) -> list[CommitOperationDelete]:
    """Deletions of the examples and summaries that an earlier version had, and this one has not."""
    return [
        CommitOperationDelete(file)
        for file in there
        if (file.startswith(f"{SAMPLE_FOLDER}/") or file == SUMMARIES_FILE) and file not in uploaded
    ]


def _reason(error: Exception, repository: str) -> str:
    """One sentence for what the Hub answered; empty if it did not."""
    status = error.response.status_code if isinstance(error, HfHubHTTPError) else None
    if isinstance(error, LocalTokenNotFoundError) or status == 401:
        return "the Hub does not know this account; `hf auth login` or HF_TOKEN says who you are"
    if status in (403, 404):
        return f"this account may not write to {repository}"
    if isinstance(error, HfHubHTTPError):
        said = (error.server_message or "").strip().splitlines()
        return f"the Hub refused the upload to {repository} ({status}){f': {said[0]}' if said else ''}"
    if isinstance(error, OfflineModeIsEnabled):
        return "the Hub was not asked, since HF_HUB_OFFLINE is set"
    if isinstance(error, ValueError):  # what is wrong with the card, in lines after the first
        lines = [line.removeprefix("- ") for line in str(error).splitlines()]
        return f"the Hub refused the upload to {repository}: {'; '.join(lines[1:] or lines)}"
    return ""
