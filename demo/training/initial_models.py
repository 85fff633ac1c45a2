"""Models that a run can start from instead of a bare backbone: the starter, and models trained on this page."""

from dataclasses import dataclass, replace
from pathlib import Path

from demo.runs import RunManager
from demo.training.recipe_form import Form
from mtl.inference.source import STARTER, STARTER_FOLDER

_RUN = "run:"


@dataclass(frozen=True, slots=True)
class CheckpointChoice:
    """A checkpoint to continue from: its key in the form, its title, and its folder."""

    key: str
    title: str
    folder: str


def initial_models(runs: RunManager, owner: str) -> tuple[CheckpointChoice, ...]:
    """The checkpoints that this owner may continue from, newest runs first."""
    found = [CheckpointChoice(STARTER, "continue from the starter", str(STARTER_FOLDER))]
    for run in runs.runs(owner):
        if run.has_checkpoint:
            folder = runs.get(run.id, owner).best
            found.append(CheckpointChoice(f"{_RUN}{run.id}", f"continue from {run.title}", str(folder)))
    return tuple(found)


def resolved(form: Form, known: tuple[CheckpointChoice, ...]) -> Form:
    """The form with the folder of the checkpoint that it names."""
    folders = {model.key: model.folder for model in known}
    return replace(form, backbone=folders.get(form.backbone, form.backbone))


def keyed(form: Form, known: tuple[CheckpointChoice, ...]) -> Form:
    """The form with the key of the checkpoint whose folder it names: whole, or as recipes without paths name it."""
    keys: dict[str, str] = {}
    for model in known:
        ending = "/".join(Path(model.folder).parts[-2:])
        own = (f"./{STARTER}",) if model.key == STARTER else ()
        keys |= dict.fromkeys((model.folder, ending, f"./{ending}", *own), model.key)
    return replace(form, backbone=keys.get(form.backbone, form.backbone))
