"""What a project has brought, handed over: a file, a task of the Train tab, or a checkpoint that the header offers."""

import time
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

from demo.inputs import kept_drafts
from demo.inputs.drafts import TaskUpload
from demo.inputs.new_folder import new_folder
from demo.runs.info import write_name
from demo.runs.quotas import need_disk, remove
from demo.runs.run_store import top_folders
from demo.runs.visitors import hashed_visitor, write_visitor
from demo.settings import Settings
from demo.temporary import new_temporary_folder
from mtl.data import Example, ScoredPair, write_examples
from mtl.data.converting import writers
from mtl.data.place import ReadLog
from mtl.errors import InputError
from mtl.folders import folder_size
from mtl.labelling import LabellingSession, ProjectKind, ProjectSpec
from mtl.labelling.engines import note_download, note_hand_over
from mtl.recipe import TaskKind
from mtl.runs import RunFolder, RunState, Status, new_run_id, runs_root
from mtl.runs.events import Saved


class FileFormat(StrEnum):
    """A file to download: the name of a writer; `ENDINGS` has its file extension."""

    JSONL = "jsonl"
    CSV = "table"
    JSON = "json"
    EXCEL = "xlsx"
    PARQUET = "parquet"
    CONLL = "conll"
    LABEL_STUDIO = "label-studio"
    PRODIGY = "prodigy"
    ARGILLA = "argilla"
    DOCCANO = "doccano"
    SPACY_JSON = "spacy-json"
    GLINER = "gliner"
    HUGGING_FACE = "huggingface"


TITLES = {
    FileFormat.JSONL: "JSON lines",
    FileFormat.CSV: "CSV",
    FileFormat.JSON: "JSON",
    FileFormat.EXCEL: "Excel",
    FileFormat.PARQUET: "Parquet",
    FileFormat.CONLL: "CoNLL",
    FileFormat.LABEL_STUDIO: "Label Studio",
    FileFormat.PRODIGY: "Prodigy",
    FileFormat.ARGILLA: "Argilla",
    FileFormat.DOCCANO: "doccano",
    FileFormat.SPACY_JSON: "spaCy JSON",
    FileFormat.GLINER: "GLiNER",
    FileFormat.HUGGING_FACE: "Hugging Face tokens and tags",
}
_ENDINGS = {
    FileFormat.CSV: ".csv",
    FileFormat.JSON: ".json",
    FileFormat.EXCEL: ".xlsx",
    FileFormat.PARQUET: ".parquet",
    FileFormat.CONLL: ".conll",
    FileFormat.LABEL_STUDIO: ".json",
    FileFormat.SPACY_JSON: ".json",
    FileFormat.GLINER: ".json",
}
"""Of those that are not `.jsonl`."""
_OF_SPANS = (FileFormat.CONLL, FileFormat.GLINER, FileFormat.HUGGING_FACE)
_OF_PAIRS = (FileFormat.JSONL, FileFormat.CSV, FileFormat.JSON, FileFormat.EXCEL, FileFormat.PARQUET)
PAIR_LOSS = "multiple_negatives"
"""What a task of pairs minimises."""
_NO_ANSWERS = "Label a text first: there is nothing to hand over yet."
_NO_SAME = "No pair is answered same yet: an embedding learns from those, so answer some first."
_KINDS = {ProjectKind.SPANS: TaskKind.TAGGING, ProjectKind.PAIRS: TaskKind.SIMILARITY}


def formats_for(kind: ProjectKind) -> list[tuple[str, str]]:
    """Title and value of the formats that hold this kind of answers."""
    if kind is ProjectKind.PAIRS:
        return [(TITLES[one], str(one)) for one in _OF_PAIRS]
    return [(TITLES[one], str(one)) for one in FileFormat if kind is ProjectKind.SPANS or one not in _OF_SPANS]


def file_of(session: LabellingSession, form: str | None) -> tuple[Path, tuple[str, ...]]:
    """All answers as a file below the temporary folder, and what of them the format cannot hold, in sentences.

    Of pairs it is said how many there are of each kind. The project remembers it first: whatever learns from the file
    may have seen the answers.

    Raises:
        InputError: there are no answers, or no such format.
        StorageError: the disk is full.
    """
    kind = session.project.spec.kind
    chosen = next((one for one in FileFormat if one == form), None)
    if chosen is None or (kind is ProjectKind.PAIRS and chosen not in _OF_PAIRS):
        raise InputError(f"A format of {', '.join(title for title, _ in formats_for(kind))} was expected.")
    examples = _examples(session)
    with new_folder(new_temporary_folder()) as folder:
        path = folder / f"{session.project.spec.task}{_ENDINGS.get(chosen, '.jsonl')}"
        log = ReadLog(lambda _: None)
        note_download(session.project.folder)
        writers()[chosen](path, examples, log)
    return path, (*log.notes, *([counts_of(examples)] if kind is ProjectKind.PAIRS else []))


def counts_of(examples: Sequence[Example]) -> str:
    """How many pairs are the same and how many are not, which training takes as hard negatives."""
    pairs = [example for example in examples if isinstance(example, ScoredPair)]
    same = sum(pair.is_positive for pair in pairs)
    others = len(pairs) - same
    return f"{same:,} same and {others:,} different {'pair' if others == 1 else 'pairs'} (hard negatives)"


def task_of(session: LabellingSession, *, owner: str, settings: Settings) -> str:
    """Add all answers to the tasks of the Train tab; gives the name of the new task.

    The project remembers the name, and it does so first: a model that has learned the answers is always known as one.

    Raises:
        MtlError: there are no answers, of pairs none that is `same`, or the page takes no task of this size.
    """
    examples, spec = _examples(session), session.project.spec
    is_pairs = spec.kind is ProjectKind.PAIRS
    if is_pairs and not any(isinstance(example, ScoredPair) and example.is_positive for example in examples):
        raise InputError(_NO_SAME)
    taken = {task.name for task in kept_drafts.known(owner, settings)}
    with new_folder(new_temporary_folder()) as folder:
        file = folder / f"{spec.task}.jsonl"
        write_examples(file, examples)
        kind, several = _KINDS.get(spec.kind, TaskKind.CLASSIFICATION), spec.kind is ProjectKind.LABELS
        loss = PAIR_LOSS if is_pairs else None
        name = _free_name(spec, taken)
        note_hand_over(session.project.folder, name)
        upload = TaskUpload(name, kind, file, None, multi_label=several, loss=loss)
        return kept_drafts.add_task(upload, owner=owner, settings=settings).name


def checkpoint_of(session: LabellingSession, *, owner: str, address: str, settings: Settings) -> str:
    """Save the model with the fitted head as a finished run of this owner; gives its id.

    Raises:
        MtlError: there are no labels, or pairs, for which there is no head; no place on the disk, or the visitor keeps
            no cookies.
    """
    if settings.private_runs and not owner:
        raise InputError("A browser that keeps cookies was expected: without one, a checkpoint would be nobody's.")
    by, task = hashed_visitor(owner, address), session.project.spec.task
    need_disk(top_folders(), by, settings)
    _examples(session)
    engine = session.engine()
    folder = RunFolder(runs_root() / new_run_id(f"label-{task}"))
    folder.create()
    try:
        write_visitor(folder, by)
        write_name(folder, f"{task}, labelled")
        engine.save(folder.best)
        folder.append(Saved(0, "best", None, folder_size(folder.best)))
        now = time.time()
        folder.write_status(Status(RunState.FINISHED, 0, 0.0, started=now, updated=now, message="labelled by hand"))
    except BaseException:  # a full disk leaves no half of a checkpoint
        remove(folder)
        raise
    return folder.id


def _examples(session: LabellingSession) -> Sequence[Example]:
    examples = session.examples()
    if not examples:
        raise InputError(_NO_ANSWERS)
    return examples


def _free_name(spec: ProjectSpec, taken: set[str]) -> str:
    name = spec.task.lower().replace("-", "_")[:28]
    numbered = (name if i == 1 else f"{name}_{i}" for i in range(1, len(taken) + 2))
    return next(one for one in numbered if one not in taken)
