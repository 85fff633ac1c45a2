"""Folders that Polyhead writes and that are no model to load, told before they are taken for a damaged one."""

from pathlib import Path

from mtl.errors import CheckpointError


def need_loadable(folder: Path) -> None:
    """Refuse an export or the folder of a run in the place of a checkpoint, and say what to do.

    Raises:
        CheckpointError: it is one.
    """
    if not folder.is_dir() or any(folder.glob("*.safetensors")):
        return
    if (folder / "model.onnx").is_file():
        what = "this is an ONNX export, which its run.py runs"
        raise CheckpointError(f"a checkpoint was expected, {what}; load the model that it was made from", path=folder)
    if (folder / "best" / "config.json").is_file():
        raise CheckpointError("a checkpoint was expected, this is the folder of a run; its model is best", path=folder)
    tasks = sorted(file.parent.name for file in folder.glob("*/config.json") if any(file.parent.glob("*.safetensors")))
    if tasks and not (folder / "config.json").is_file() and not (folder / "modules.json").is_file():
        names = ", ".join(tasks)
        raise CheckpointError(f"a model was expected, this folder has one in each of: {names}; name one", path=folder)
