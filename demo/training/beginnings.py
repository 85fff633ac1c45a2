"""What a run can begin from beside a bare backbone: the starter, and models that were trained here."""

from dataclasses import dataclass, replace

from demo.inputs.drafts import EXAMPLES
from demo.runs import RunManager
from demo.training.recipe_form import Form

_STARTER = "starter"
_RUN = "run:"


@dataclass(frozen=True, slots=True)
class Beginning:
    """A checkpoint to go on from: its key in the form, what people read, and its folder."""

    key: str
    title: str
    folder: str


def beginnings(runs: RunManager, owner: str) -> tuple[Beginning, ...]:
    """The checkpoints that this owner may begin from, newest runs first."""
    starter = EXAMPLES / _STARTER
    found = [Beginning(_STARTER, "go on from the starter", str(starter))] if (starter / "config.json").is_file() else []
    for run in runs.runs(owner):
        if run.has_checkpoint:
            folder = runs.get(run.id, owner).best
            found.append(Beginning(f"{_RUN}{run.id}", f"go on from {run.title}", str(folder)))
    return tuple(found)


def resolved(form: Form, known: tuple[Beginning, ...]) -> Form:
    """The form with the folder of the checkpoint that it names."""
    folders = {beginning.key: beginning.folder for beginning in known}
    return replace(form, backbone=folders.get(form.backbone, form.backbone))


def keyed(form: Form, known: tuple[Beginning, ...]) -> Form:
    """The form with the key of the checkpoint whose folder it names."""
    keys = {beginning.folder: beginning.key for beginning in known}
    return replace(form, backbone=keys.get(form.backbone, form.backbone))
