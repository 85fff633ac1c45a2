"""Tasks that can be selected for training: built-in example data and checked uploads. No gradio, no torch."""

import re
import secrets
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

from demo.inputs.endings import table_files, tagged_files
from demo.inputs.holdout import hold_out
from demo.inputs.new_folder import new_folder
from demo.inputs.text_input import need_size
from demo.reading import read_in_child
from demo.runs.quotas import kept_sentence
from demo.runs.uploads import delete_old_uploads, uploaded_by
from demo.runs.visitors import hashed
from demo.settings import Settings
from mtl.backbones.catalogue import DataSummary, summarise
from mtl.data import TaskData, count_labels, has_scores, read_task
from mtl.data.examples import texts_of
from mtl.data.warnings import data_warnings, no_dev
from mtl.errors import DataError
from mtl.folders import folder_size
from mtl.recipe import HeadConfig, SimilarityLoss, TaskConfig, TaskKind
from mtl.recipe.choices import need_task_name
from mtl.runs import home

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
_BUILT_IN = {
    "topic": TaskConfig(kind=TaskKind.CLASSIFICATION),
    "sentiment": TaskConfig(kind=TaskKind.CLASSIFICATION),
    "passengers": TaskConfig(kind=TaskKind.CLASSIFICATION, multi_label=True),
    "entities": TaskConfig(kind=TaskKind.TAGGING),
    "similarity": TaskConfig(kind=TaskKind.SIMILARITY),
}
_UNSCORED = "pairs without scores are learned with loss: multiple_negatives"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")


@dataclass(frozen=True, slots=True)
class TaskUpload:
    """The form for a new task as a visitor filled it in; the files are untrusted."""

    name: str
    kind: TaskKind
    train: Path | None
    dev: Path | None
    score_range: tuple[float, float] = (0.0, 1.0)
    multi_label: bool = False
    columns: Mapping[str, str] = field(default_factory=dict)
    """The column of each role, if the columns of a table have other names."""
    loss: str | None = None
    """Of a similarity task, what it minimises; None for the default of recipes."""


@dataclass(frozen=True, slots=True)
class Draft:
    """A checked task: its files, the number of examples, and the frequency of each label in the training data.

    `texts` says how long its texts are and in which script, None for a task of an earlier version.
    """

    name: str
    config: TaskConfig
    train_size: int
    dev_size: int
    counts: tuple[tuple[str, int], ...]
    notes: tuple[str, ...] = ()
    texts: DataSummary | None = None


@cache
def built_in() -> tuple[Draft, ...]:
    """The tasks of the example data in the project."""
    found = []
    for name, config in _BUILT_IN.items():
        train, dev = (sorted((EXAMPLES / name).glob(f"{part}.*"))[:1] for part in ("train", "dev"))
        if train and dev:
            files = {"train": (str(train[0]),), "dev": (str(dev[0]),)}
            found.append(read_draft(name, config.model_copy(update=files)))
    return tuple(found)


def import_upload(upload: TaskUpload, *, taken: Sequence[str], settings: Settings, owner: str = "") -> Draft:
    """Copy an upload to `$MTL_HOME/uploads` and check it; without dev data, a seeded fifth is held out.

    Raises:
        MtlError: the name, a file's size or type, or a line of it is wrong, or there is no room for it.
    """
    name = upload.name.strip().lower()
    if not _NAME.fullmatch(name):
        raise DataError("A task name of up to 32 letters, digits and underscores was expected, starting with a letter.")
    try:
        need_task_name(name)
    except ValueError as error:
        raise DataError(f"{error}.") from error
    if name in taken:
        raise DataError(f"A task named {name} already exists. Choose another name.")
    if upload.train is None:
        raise DataError("Upload a training file.")
    folder = home() / "uploads" / secrets.token_hex(12)
    _make_room(folder.parent, settings, owner)
    given = replace(upload, name=name, columns=dict(upload.columns))
    with new_folder(folder):
        return read_in_child(check_copy, given, folder, settings, path=upload.train, settings=settings)


def _make_room(uploads: Path, settings: Settings, owner: str) -> None:
    """Delete uploads by their age only, and refuse one for which there is no room: nobody's file makes room for it."""
    folders = delete_old_uploads(uploads, settings)
    sizes = {folder: folder_size(folder) / 1e6 for folder in folders}
    if settings.kept_uploads_mb is not None and sum(sizes.values()) >= settings.kept_uploads_mb:
        raise DataError(
            f"The uploads on this page take {settings.kept_uploads_mb:,.0f} MB, which is the limit. "
            f"{kept_sentence(settings)} Try again later."
        )
    own = sum(size for folder, size in sizes.items() if owner and uploaded_by(folder) == hashed(owner))
    if settings.owner_uploads_mb is not None and own >= settings.owner_uploads_mb:
        raise DataError(f"Your uploads take {own:,.0f} MB, and {settings.owner_uploads_mb:,.0f} MB is the limit.")


def check_copy(upload: TaskUpload, folder: Path, settings: Settings) -> Draft:
    """Copy the files of an upload to a folder and read them; errors as `import_upload`."""
    assert upload.train is not None
    train = _copy(upload.train, folder / "train", upload, settings)
    dev = _copy(upload.dev, folder / "dev", upload, settings) if upload.dev else None
    columns = {role: column for role, column in upload.columns.items() if column}
    if len(set(columns.values())) < len(columns):
        raise DataError(f"a different column was expected for each of {', '.join(columns)}", path=train)
    own: dict[str, object] = {"multi_label": True} if upload.multi_label else {}
    own |= {"head": {"loss": upload.loss}} if upload.loss else {}
    config = TaskConfig.model_validate(
        {"kind": upload.kind, "train": str(train), "score_range": upload.score_range, "columns": columns, **own}
    )
    notes: tuple[str, ...] = ()
    if upload.kind is TaskKind.SIMILARITY and not has_scores(config, str(train)):
        config = config.model_copy(update={"head": HeadConfig(loss=SimilarityLoss.MULTIPLE_NEGATIVES)})
        notes = (_UNSCORED,)
    if dev is not None:
        both = config.model_copy(update={"dev": (str(dev),)})
        data = read_task(upload.name, both, accepted=settings.max_rows)
        return _draft(data, (*data_warnings(data), *notes))
    data = read_task(upload.name, config, accepted=settings.max_rows)
    split = hold_out(data.train, folder)
    held = config.model_copy(
        update={"train": (str(split.train),), "dev": (str(split.dev),), "score_range": (0.0, 1.0), "columns": {}}
    )
    told = [line for line in data_warnings(data) if line != no_dev(upload.name)]
    notes += (f"every fifth example is held out for dev (seed {split.seed})",)
    return _draft(read_task(upload.name, held), (*told, *notes))


def allowed_endings(kind: TaskKind, settings: Settings) -> tuple[str, ...]:
    """The file extensions that this page accepts for a kind of task."""
    return tagged_files(settings) if kind is TaskKind.TAGGING else table_files(settings)


def _copy(file: Path, folder: Path, upload: TaskUpload, settings: Settings) -> Path:
    allowed = allowed_endings(upload.kind, settings)
    name = re.sub(r"[^\w.-]+", "-", file.name)[-80:].lstrip(".-") or "file"
    if Path(name).suffix.lower() not in allowed:
        raise DataError(f"a file of type {', '.join(allowed)} was expected.", path=name)
    need_size(file, settings)
    folder.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copyfile(file, folder / name))


def read_draft(name: str, config: TaskConfig) -> Draft:
    """Read all files of a task, with their sizes and labels.

    Raises:
        DataError: a file does not match the task.
    """
    data = read_task(name, config)
    return _draft(data, data.notes)


def _draft(data: TaskData, notes: tuple[str, ...]) -> Draft:
    counts = count_labels(data.train)
    ranked = tuple((label, counts[label]) for label in data.labels)
    kind = data.config.kind
    texts = summarise(
        (text for example in data.train for text in texts_of(example)),
        examples=len(data.train),
        has_tagging=kind is TaskKind.TAGGING,
        has_similarity=kind is TaskKind.SIMILARITY,
    )
    return Draft(data.name, data.config, len(data.train), len(data.dev), ranked, notes, texts)
