"""Added tasks that survive a restart: the folder of each upload records its task and its owner."""

import json
import secrets
import shutil
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from demo.inputs import drafts
from demo.inputs.drafts import Draft, TaskUpload
from demo.reading import read_in_child
from demo.runs.run_store import hashed
from demo.settings import Settings
from mtl.backbones.catalogue import DataSummary, Domain
from mtl.errors import DataError
from mtl.recipe import TaskConfig
from mtl.recipe.schema import HeadConfig
from mtl.runs import home

_RECORD = "draft.json"


def known(owner: str, settings: Settings) -> tuple[Draft, ...]:
    """The example tasks, then the tasks that this owner added; those of everybody if tasks are not private."""
    uploads = home() / "uploads"
    folders = sorted(uploads.iterdir(), key=lambda folder: folder.name) if uploads.is_dir() else []
    kept = [draft for folder in folders for draft in _read(folder, owner, settings)]
    added = {draft.name: draft for _, draft in sorted(kept, key=lambda pair: pair[0])}
    return (*drafts.built_in(), *(draft for name, draft in added.items() if name not in _example_names()))


def add_task(upload: TaskUpload, *, owner: str, settings: Settings) -> Draft:
    """Check an upload and store it.

    Raises:
        MtlError: as `drafts.import_upload`.
    """
    if settings.private_runs and not owner:
        raise DataError("A browser that keeps cookies was expected: without one, a task would be nobody's.")
    taken = [task.name for task in known(owner, settings)]
    draft = drafts.import_upload(upload, taken=taken, settings=settings, owner=owner)
    _record(draft, Path(draft.config.train[0]).parent, owner)
    return draft


def _record(draft: Draft, folder: Path, owner: str) -> None:
    """Record a task in the folder of its upload, which goes where that fails."""
    try:
        write_record(draft, folder, owner=owner)
    except OSError:
        shutil.rmtree(_top(folder), ignore_errors=True)
        raise


def _top(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.parent == home() / "uploads")


def write_record(draft: Draft, folder: Path, *, owner: str) -> None:
    """Record the task of an upload in its folder."""
    top = _top(folder)
    record = asdict(replace(draft, config=TaskConfig(kind=draft.config.kind)))
    record["config"] = draft.config.model_dump(mode="json", exclude_unset=True)
    fresh = top / f".{_RECORD}"  # in one move, so that a crash leaves no half of it
    fresh.write_text(json.dumps({"owner": hashed(owner), "draft": record}), encoding="utf-8")
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
    draft = read_in_child(drafts.read_draft, name, plain, path=first, settings=settings)
    folder.mkdir(parents=True)
    _record(draft, folder, owner)


def forget_task(name: str, *, owner: str, settings: Settings) -> None:
    """Remove a task from the list; its files stay, since a run may still need them.

    Raises:
        DataError: there is no such added task.
    """
    uploads = home() / "uploads"
    for folder in uploads.iterdir() if uploads.is_dir() else []:
        if any(draft.name == name for _, draft in _read(folder, owner, settings)):
            (folder / _RECORD).unlink(missing_ok=True)
            return
    raise DataError(f"An added task was expected, was {name}.")


def _example_names() -> set[str]:
    return {draft.name for draft in drafts.built_in()}


def _read(folder: Path, owner: str, settings: Settings) -> list[tuple[float, Draft]]:
    try:
        content = json.loads((folder / _RECORD).read_text(encoding="utf-8"))
        if settings.private_runs and not (owner and content["owner"] == hashed(owner)):
            return []
        record = content["draft"]
        counts = tuple((label, count) for label, count in record.pop("counts"))
        config, notes = TaskConfig.model_validate(record.pop("config")), tuple(record.pop("notes"))
        texts = _summary(record.pop("texts", None))
        draft = Draft(config=config, counts=counts, notes=notes, texts=texts, **record)
    except (OSError, ValueError, KeyError, TypeError):
        return []
    files = (*draft.config.train, *draft.config.dev)
    return [((folder / _RECORD).stat().st_mtime, draft)] if all(Path(file).is_file() for file in files) else []


def _summary(content: Any) -> DataSummary | None:  # noqa: ANN401
    """The summary of texts in a record; None where another version wrote it."""
    try:
        domain = Domain(content["domain"]) if content["domain"] else None
        return DataSummary(**content | {"domain": domain, "hints": tuple(content["hints"])})
    except (KeyError, TypeError, ValueError):
        return None
