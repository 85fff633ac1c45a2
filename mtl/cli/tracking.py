"""`track`: a run's events sent to trackers after its end."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from mtl.cli.console import out
from mtl.errors import RunError
from mtl.recipe import check
from mtl.recipe.choices import Tracker
from mtl.recipe.yaml_text import read_yaml
from mtl.runs import RunFolder
from mtl.tracking import TrackingListener, need_trackers
from mtl.user_path import resolved


def track_command(run_dir: Path, trackers: Sequence[Tracker]) -> None:
    """Send all events of a run.

    Raises:
        RunError: it is no run that has ended, or a tracker fails.
        RecipeError: its recipe is damaged.
    """
    need_trackers(trackers)
    folder = RunFolder(resolved(run_dir))
    if not folder.read_status().state.has_ended:
        raise RunError("a run that has ended was expected, this one goes on", path=folder.path)
    events = folder.events()
    content = read_yaml(folder.recipe.read_text(encoding="utf-8"), where=folder.recipe)
    recipe = check(content, where=folder.recipe)  # its data may be elsewhere by now
    if Tracker.TENSORBOARD in trackers:
        shutil.rmtree(folder.path / "tensorboard", ignore_errors=True)  # it is written anew, whole
    listener = TrackingListener(trackers, folder.path, recipe)
    for event in events:
        for notice in listener.hear(event):
            raise RunError(notice.message, path=folder.path)
    listener.close()
    out.print(f"{len(events)} events: {', '.join(trackers)}", markup=False)
