"""`train`: run a recipe and show how it goes."""

import signal
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType

from rich.progress import Progress, TextColumn

from mtl.cli.console import err, is_terminal, out, progress_bar
from mtl.cli.recipes import told_of
from mtl.distributed import close, start
from mtl.errors import RecipeError
from mtl.evaluation import main_metric_name
from mtl.recipe import Recipe, load
from mtl.runs import Evaluated, Event, Finished, Noticed, RunFolder, Saved, Started, Step, new_run_id, runs_root
from mtl.training import resume_in_folder, run_in_folder, share_run
from mtl.user_path import resolved

_LOG_EVERY = 20  # steps between two lines where nobody watches a progress bar


def train_command(recipe_path: Path, overrides: tuple[str, ...], run_dir: Path | None) -> None:
    """Train into `run_dir`, by default a new folder."""
    with start().together():
        recipe = load(recipe_path, overrides)
    if not start().is_main:
        return _take_part(recipe)
    folder = RunFolder(resolved(run_dir) if run_dir else runs_root() / new_run_id(recipe_path.stem))
    if folder.path.exists() and any(folder.path.glob("*.safetensors")):
        raise RecipeError(f"a new folder was expected, {folder.path} holds a model", key="--run-dir")
    with told_of(recipe_path, folder.path):
        return _watch(run_in_folder(recipe, folder.path), recipe, folder)


def resume_command(run_dir: Path) -> None:
    """Go on with an interrupted run."""
    with start().together():
        folder = RunFolder(resolved(run_dir))
        folder.read_status()
        recipe = load(folder.recipe)
    if not start().is_main:
        return _take_part(recipe)
    with told_of(folder.recipe):
        return _watch(resume_in_folder(folder.path), recipe, folder)


def _take_part(recipe: Recipe) -> None:
    """Train beside the main process, which decides and shows everything; signals reach it too."""
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        signal.signal(number, _once_more(signals))
    share_run(recipe)
    close()


def _watch(events: Iterator[Event], recipe: Recipe, folder: RunFolder) -> None:
    """Show a run; the first interrupt stops it in order, with its weights, and the second at once."""
    signals = (signal.SIGINT, signal.SIGTERM)
    stop = _stopper(folder, signals)
    previous = [signal.signal(number, stop) for number in signals]
    try:
        with progress_bar(TextColumn("{task.fields[loss]}")) as progress:
            show = _shower(recipe, progress)
            for event in events:
                show(event)
        close()
    finally:
        for number, handler in zip(signals, previous, strict=True):
            signal.signal(number, handler)
    out.print(f"run folder: {folder.path}", markup=False)


def _stopper(folder: RunFolder, signals: Sequence[signal.Signals]) -> Callable[[int, FrameType | None], None]:
    def stop(number: int, frame: FrameType | None) -> None:
        if folder.stop_requested():  # by the page, and it took too long
            at_once(number, frame)
        for other in signals:
            signal.signal(other, at_once)
        if not folder.path.is_dir():
            raise KeyboardInterrupt
        _line("stopping after this step, with its weights; once more ends the run at once")
        folder.request_stop()

    at_once = _interrupt(signals)
    return stop


def _once_more(signals: Sequence[signal.Signals]) -> Callable[[int, FrameType | None], None]:
    """Leaves the first signal to the main process; the second ends this one at once."""

    def wait(_number: int, _frame: FrameType | None) -> None:
        for other in signals:
            signal.signal(other, _interrupt(signals))

    return wait


def _interrupt(signals: Sequence[signal.Signals]) -> Callable[[int, FrameType | None], None]:
    def at_once(_number: int, _frame: FrameType | None) -> None:
        for number in signals:
            signal.signal(number, signal.SIG_DFL)  # should something hold the interrupt up, the next one kills
        raise KeyboardInterrupt

    return at_once


def _shower(recipe: Recipe, progress: Progress) -> Callable[[Event], None]:
    bar = progress.add_task("training", total=None, loss="")
    watched = is_terminal()

    def show(event: Event) -> None:
        match event:
            case Started():
                progress.update(bar, total=event.total_steps, completed=event.step)
                share = event.trained_parameters / event.total_parameters
                _line(
                    f"{event.trained_parameters:,} of {event.total_parameters:,} parameters train ({share:.1%}), "
                    f"{event.total_steps} steps, {event.device}, {event.precision}"
                )
                for note in event.notes:
                    _line(f"note: {note}")
            case Step():
                progress.update(bar, completed=event.step, loss=f"{event.task} {event.loss:.3f}")
                if not watched and event.step % _LOG_EVERY == 0:
                    _line(
                        f"step {event.step}  epoch {event.epoch:.2f}  {event.task} loss {event.loss:.4f}  "
                        f"{event.tokens_per_second:,.0f} tokens/s"
                    )
            case Noticed():
                _line(f"note: {event.message}")
            case Evaluated():
                _line(f"step {event.step}  {_main_metrics(recipe, event)}")
            case Saved():
                _line(f"step {event.step}  saved {event.name} ({event.size_bytes / 1e6:.1f} MB)")
            case Finished():
                _line(event.message)

    return show


def _main_metrics(recipe: Recipe, event: Evaluated) -> str:
    keys = {name: main_metric_name(task) for name, task in recipe.tasks.items()}
    keys["embedding"] = "drift"
    return "  ".join(
        f"{name} {metric} {event.metrics[f'eval/{name}/{metric}']:.4f}"
        for name, metric in keys.items()
        if f"eval/{name}/{metric}" in event.metrics
    )


def _line(text: str) -> None:
    err.print(text, markup=False)
