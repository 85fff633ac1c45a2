"""Added tasks that survive a restart: the folder of each upload records its task and its owner."""

import json
import os
import secrets
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Lock
from typing import Any

from demo.inputs import drafts
from demo.inputs.drafts import Draft, TaskUpload
from demo.reading import read_in_child
from demo.runs.run_store import hashed
from demo.runs.shown import sentence_of
from demo.settings import Settings
from mtl.backbones.catalogue import DataSummary, Domain
from mtl.backbones.source import file_state
from mtl.errors import DataError, InputError, MtlError
from mtl.json_text import parse_json
from mtl.recipe import TaskConfig
from mtl.recipe.tasks import HeadConfig
from mtl.runs import home

_RECORD = "draft.json"
_reading_again = Lock()


@dataclass(frozen=True, slots=True)
class _Kept:
    """A task in the folder of its upload, the hash of its owner, when it was added (ns), and its files as it has them.

    `states` is None in the record of an earlier version.
    """

    folder: Path
    draft: Draft
    owner: str
    at: int
    states: Mapping[str, str] | None

    @property
    def has_changed(self) -> bool:
        """Whether a file was written since the task was read."""
        return self.states is not None and self.states != _states(self.draft.config)


def known(owner: str, settings: Settings) -> tuple[Draft, ...]:
    """The example tasks, then the tasks that this owner added; those of everybody if tasks are not private.

    A task whose files have changed is read again; one that cannot be read any more has no examples and says why.
    """
    kept = sorted(_all_kept(owner, settings), key=lambda one: (one.at, one.folder.name))
    added = {one.draft.name: one for one in kept if one.draft.name not in _example_names()}
    return (*drafts.built_in(), *(_current(one, settings) for one in added.values()))


def add_task(upload: TaskUpload, *, owner: str, settings: Settings) -> Draft:
    """Check an upload and store it.

    Raises:
        MtlError: as `drafts.import_upload`.
    """
    if settings.private_runs and not owner:
        raise DataError("A browser that keeps cookies was expected: without one, a task would be nobody's.")
    taken = [task.name for task in known(owner, settings)]
    draft = drafts.import_upload(upload, taken=taken, settings=settings, owner=owner)
    _record(draft, Path(draft.config.train[0]).parent, owner, _states(draft.config))
    return draft


def _record(draft: Draft, folder: Path, owner: str, states: Mapping[str, str]) -> None:
    """Record a task in the folder of its upload, which goes where that fails."""
    try:
        write_record(draft, folder, owner=hashed(owner), states=states)
    except OSError:
        shutil.rmtree(_top(folder), ignore_errors=True)
        raise


def _top(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.parent == home() / "uploads")


def _states(config: TaskConfig) -> dict[str, str]:
    """What changes when the files of a task change."""
    return {file: file_state(Path(file)) for file in (*config.train, *config.dev)}


def write_record(draft: Draft, folder: Path, *, owner: str, states: Mapping[str, str], at: int | None = None) -> None:
    """Record the task of an upload in its folder.

    Args:
        draft: the task.
        folder: of the upload, or one below it.
        owner: the hash of its owner.
        states: of its files before they were read.
        at: when it was added, ns since the epoch; None for now.
    """
    top = _top(folder)
    record = asdict(replace(draft, config=TaskConfig(kind=draft.config.kind)))
    record["config"] = draft.config.model_dump(mode="json", exclude_unset=True)
    fresh = top / f".{_RECORD}"  # in one move, so that a crash leaves no half of it
    content = {"owner": owner, "draft": record, "files": states}
    fresh.write_text(json.dumps(content), encoding="utf-8")
    if at is not None:
        os.utime(fresh, ns=(at, at))
    fresh.replace(top / _RECORD)


def adopt(name: str, config: TaskConfig, *, owner: str, settings: Settings) -> None:
    """Add a task whose files are already on this machine; the files stay where they are.

    Raises:
        MtlError: this page accepts uploads only, or the files do not match the task.
    """
    if not settings.any_backbone:
        raise DataError(f"The files of {name} are not on this page. Add the task in step 1.")
    kept = (
        "kind",
        "train",
        "dev",
        "score_range",
        "format",
        "columns",
        "map_labels",
        *(["multi_label"] if config.multi_label else []),
    )
    loss = {"head": HeadConfig(loss=config.head.loss)} if config.head.loss else {}  # it says how pairs are read
    plain = TaskConfig(**{key: getattr(config, key) for key in kept}, **loss)
    folder = home() / "uploads" / secrets.token_hex(12)
    first = next((Path(file) for file in (*plain.train, *plain.dev)), Path(name))
    states = _states(plain)
    draft = read_in_child(drafts.read_draft, name, plain, path=first, settings=settings)
    folder.mkdir(parents=True)
    _record(draft, folder, owner, states)


def forget_task(name: str, *, owner: str, settings: Settings) -> None:
    """Remove a task from the list; its files stay, since a run may still need them.

    Raises:
        DataError: there is no such added task.
    """
    for kept in _all_kept(owner, settings):
        if kept.draft.name == name:
            (kept.folder / _RECORD).unlink(missing_ok=True)
            return
    raise DataError(f"An added task was expected, was {name}.")


def _example_names() -> set[str]:
    return {draft.name for draft in drafts.built_in()}


def _all_kept(owner: str, settings: Settings) -> list[_Kept]:
    uploads = home() / "uploads"
    found = [_read(folder) for folder in (uploads.iterdir() if uploads.is_dir() else [])]
    return [kept for kept in found if kept and (not settings.private_runs or (owner and kept.owner == hashed(owner)))]


def _current(kept: _Kept, settings: Settings) -> Draft:
    """The task as its files are now, which is recorded."""
    if not kept.has_changed:
        return kept.draft
    with _reading_again:
        old = _read(kept.folder) or kept
        if not old.has_changed:  # another request has read it
            return old.draft
        draft, states = old.draft, _states(old.draft.config)
        first, is_lasting = Path(next(iter(states))), True
        try:
            fresh = read_in_child(drafts.read_draft, draft.name, draft.config, path=first, settings=settings)
        except MtlError as error:
            is_lasting = not isinstance(error, InputError)  # which is about the time or memory that reading takes
            fresh = replace(draft, train_size=0, dev_size=0, counts=(), notes=(sentence_of(error),), texts=None)
        if replace(fresh, notes=draft.notes) != draft:
            draft = fresh  # otherwise only notes differ, and those may be on what was uploaded
        if is_lasting:
            with suppress(OSError):  # of a full disk: it is read again the next time
                write_record(draft, old.folder, owner=old.owner, states=states, at=old.at)
        return draft


def _read(folder: Path) -> _Kept | None:
    """The task in a folder; None without one whose files are all there."""
    try:
        content = parse_json((folder / _RECORD).read_text(encoding="utf-8"))
        record = content["draft"]
        counts = tuple((label, count) for label, count in record.pop("counts"))
        config, notes = TaskConfig.model_validate(record.pop("config")), tuple(record.pop("notes"))
        texts = _summary(record.pop("texts", None))
        draft = Draft(config=config, counts=counts, notes=notes, texts=texts, **record)
        at = (folder / _RECORD).stat().st_mtime_ns
        kept = _Kept(folder, draft, str(content.get("owner", "")), at, content.get("files"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    files = (*draft.config.train, *draft.config.dev)
    return kept if all(Path(file).is_file() for file in files) else None


def _summary(content: Any) -> DataSummary | None:  # noqa: ANN401
    """The summary of texts in a record; None where another version wrote it."""
    try:
        domain = Domain(content["domain"]) if content["domain"] else None
        return DataSummary(**content | {"domain": domain, "hints": tuple(content["hints"])})
    except (KeyError, TypeError, ValueError):
        return None
