"""`python -m mtl`: train, evaluate, predict, encode. Torch loads only in the command that needs it."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from mtl.cli.console import err
from mtl.cli.options import (
    AddressOption,
    CheckpointArgument,
    ColumnOption,
    EngineOption,
    FormatOption,
    InputArgument,
    KeepOption,
    PartitionRowsOption,
    PrecisionOption,
    SetOption,
    TextColumnOption,
    WorkerCoresOption,
    WorkerGpusOption,
    WorkersOption,
)
from mtl.cli.usage import usage_sentence
from mtl.errors import InputError, MtlError
from mtl.exports import FORMATS

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Polyhead: one sentence encoder, many heads.",
)

_INTERRUPTED = 130  # what Typer returns


@app.callback()
def _one_process(context: typer.Context) -> None:
    if int(os.environ.get("WORLD_SIZE") or 1) > 1 and context.invoked_subcommand != "train":
        raise InputError(f"several processes share the work of train only, {context.invoked_subcommand} runs in one")


@app.command()
def train(
    recipe: Annotated[Path | None, typer.Argument(help="a recipe in YAML; not with --resume")] = None,
    set_: SetOption = None,
    run_dir: Annotated[Path | None, typer.Option(help="the run folder; default: a new one under $MTL_HOME")] = None,
    resume: Annotated[Path | None, typer.Option(metavar="DIR", help="the run folder of an interrupted run")] = None,
) -> None:
    """Train a model as a recipe says, or resume a run that was interrupted."""
    from mtl.cli.recipes import need_recipe, need_run

    if resume is not None and (recipe or set_ or run_dir):
        raise InputError("--resume goes on with the run as it was begun: no recipe, --set or --run-dir beside it")
    if resume is not None:
        need_run(resume)
    elif recipe is not None:
        need_recipe(recipe, set_ or (), run_dir=run_dir)
    else:
        raise InputError("a recipe, or --resume and a run folder were expected")
    from mtl.cli.training import resume_command, train_command

    if resume is not None:
        resume_command(resume)
    elif recipe is not None:
        train_command(recipe, tuple(set_ or ()), run_dir)


@app.command()
def track(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="the folder of a run that has ended")],
    to: Annotated[list[str], typer.Option(metavar="NAME", help="tensorboard, trackio, wandb or mlflow; repeatable")],
) -> None:
    """Send the figures of a run to experiment trackers."""
    from mtl.cli.recipes import need_run
    from mtl.recipe.choices import Tracker

    unknown = [name for name in to if name not in list(Tracker)]
    if unknown:
        raise InputError(f"--to takes {', '.join(Tracker)}, was {unknown[0]!r}")
    need_run(run)
    from mtl.cli.tracking import track_command

    track_command(run, [Tracker(name) for name in dict.fromkeys(to)])


@app.command()
def plan(
    recipe: Annotated[Path, typer.Argument(help="a recipe in YAML")],
    set_: SetOption = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the plan to this file")] = None,
) -> None:
    """Say what would train, how many steps, how long and how much memory; start nothing."""
    from mtl.cli.recipes import need_recipe

    need_recipe(recipe, set_ or (), json_file=json_file)
    from mtl.cli.planning import plan_command

    plan_command(recipe, tuple(set_ or ()), json_file)


@app.command()
def backbones(
    domain: Annotated[str | None, typer.Option(metavar="NAME", help="of this domain only, such as finance")] = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the entries to this file")] = None,
) -> None:
    """List encoders by domain with size, licence and relative cost; nothing is downloaded."""
    from mtl.cli.backbones import backbones_command

    backbones_command(domain, json_file)


def _names(given: Sequence[str]) -> list[str]:
    return [name.strip() for names in given for name in names.split(",")]


@app.command()
def compare(
    recipe: Annotated[Path, typer.Argument(help="a recipe in YAML; its freezing is replaced")],
    presets: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAMES", help="by commas, may be repeated; last_layers:N, one_head_frozen:TASK, only:TASK say more"
        ),
    ] = None,
    backbone: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="the recipe as it is with this backbone instead; may be repeated"),
    ] = None,
    probe: Annotated[
        int | None,
        typer.Option(min=2, metavar="ROWS", help="with --backbone: linear heads alone, on so many rows of each task"),
    ] = None,
    seeds: Annotated[
        list[str] | None, typer.Option(metavar="NUMBERS", help="by commas, may be repeated; 42 without it")
    ] = None,
    single_task: Annotated[bool, typer.Option(help="add a full fine-tune of each task alone")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the table to this file")] = None,
    run_dir: Annotated[Path | None, typer.Option(help="folder of the runs; one begun before is gone on with")] = None,
) -> None:
    """Train under several freezing presets or with several backbones, same data and seeds, and print one table."""
    from mtl.cli.comparing import Compared, compare_command

    numbers = _names(seeds or ["42"])
    if not all(number.isdecimal() for number in numbers):
        raise InputError(f"--seeds takes whole numbers separated by commas, was {','.join(numbers)!r}")
    if probe is not None and not backbone:
        raise InputError("--probe belongs to --backbone, which was not given")
    if single_task and backbone:
        raise InputError("--single-task belongs to --presets, it does not go with --backbone")
    if presets is None and single_task:
        presets = ["full"]  # what each task alone is compared with
    if presets is None and not backbone:
        raise InputError("--presets, --single-task or --backbone was expected, none was given")
    compare_command(
        recipe,
        Compared([] if presets is None else _names(presets), backbone or [], probe, single_task),
        [int(number) for number in numbers],
        json_file=json_file,
        run_dir=run_dir,
    )


@app.command()
def suspects(
    source: Annotated[Path, typer.Argument(metavar="RECIPE|RUN", help="a recipe in YAML, or the folder of a run")],
    task: Annotated[list[str] | None, typer.Option(metavar="TASK", help="repeatable; default: every one")] = None,
    most: Annotated[int, typer.Option(min=1, help="how many to show of each task")] = 100,
    set_: SetOption = None,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the suspects to this file")] = None,
) -> None:
    """List labels of the train and dev data that are probably wrong, the most suspect first; change nothing."""
    from mtl.cli.recipes import need_recipe, recipe_file

    need_recipe(recipe_file(source), set_ or (), json_file=json_file)
    from mtl.cli.suspects import suspects_command

    suspects_command(source, tuple(set_ or ()), json_file, tasks=tuple(task or ()), most=most)


@app.command()
def evaluate(
    checkpoint: CheckpointArgument,
    data: Annotated[
        list[str] | None, typer.Option(metavar="TASK=FILE", help="a task's test file; may be repeated")
    ] = None,
    similarity: Annotated[
        str | None,
        typer.Option(metavar="FILE", help="scored pairs: how well the embedding, and the backbone's, follows them"),
    ] = None,
    curves: Annotated[
        bool, typer.Option(help="print reliability, and add it to --json with the risk-coverage curve")
    ] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="write every metric to this file")] = None,
    raw: Annotated[
        bool, typer.Option(help="score tagging on raw text too: exact spans, words found by the model")
    ] = False,
    precision: Annotated[
        str, typer.Option(help="as for predict; fp32 gives the figures that training stored", metavar="NAME")
    ] = "fp32",
    format_: FormatOption = None,
    text_column: TextColumnOption = None,
    label_column: Annotated[str | None, typer.Option(metavar="COLUMN", help="as --text-column, of the label")] = None,
    column: ColumnOption = None,
) -> None:
    """Measure a checkpoint on labelled files."""
    from mtl.cli.evaluating import evaluate_command
    from mtl.cli.reading import read_options

    options = read_options(format_, {"text": text_column, "label": label_column}, column or ())
    evaluate_command(
        checkpoint,
        tuple(data or ()),
        json_file,
        similarity=similarity,
        curves=curves,
        raw=raw,
        precision=precision,
        options=options,
    )


@app.command()
def prepare(
    checkpoint: CheckpointArgument,
    precision: PrecisionOption = "auto",
    backend: Annotated[str, typer.Option(help="openvino, torch, or auto: the faster one", metavar="NAME")] = "auto",
    json_file: Annotated[Path | None, typer.Option("--json", help="write what was chosen to this file")] = None,
) -> None:
    """Choose what a model runs with on this machine, and keep it, so that it loads in a second from then on."""
    from mtl.cli.preparing import prepare_command

    prepare_command(checkpoint, json_file, precision=precision, backend=backend)


@app.command()
def predict(
    checkpoint: CheckpointArgument,
    source: InputArgument,
    target: Annotated[str, typer.Argument(metavar="OUTPUT", help=".jsonl or .parquet")],
    precision: PrecisionOption = "auto",
    format_: FormatOption = None,
    text_column: TextColumnOption = None,
    keep: KeepOption = "",
    engine: EngineOption = "local",
    address: AddressOption = None,
    workers: WorkersOption = None,
    worker_cores: WorkerCoresOption = None,
    worker_gpus: WorkerGpusOption = None,
    partition_rows: PartitionRowsOption = None,
) -> None:
    """Write classes and entities of every text of a file; an interrupted call continues where it stopped."""
    from mtl.cli.predicting import BulkArguments, cluster_options, predict_command
    from mtl.cli.reading import kept_columns, read_options

    options = read_options(format_, {"text": text_column})
    counts = {"--workers": workers, "--worker-cores": worker_cores, "--worker-gpus": worker_gpus}
    cluster = cluster_options(engine, {"--address": address, **counts, "--partition-rows": partition_rows})
    predict_command(BulkArguments(checkpoint, source, target, precision, options, kept_columns(keep), cluster))


@app.command()
def encode(
    checkpoint: CheckpointArgument,
    source: InputArgument,
    target: Annotated[str, typer.Argument(metavar="OUTPUT", help=".npy or .parquet")],
    precision: PrecisionOption = "auto",
    format_: FormatOption = None,
    text_column: TextColumnOption = None,
    keep: KeepOption = "",
    engine: EngineOption = "local",
    address: AddressOption = None,
    workers: WorkersOption = None,
    worker_cores: WorkerCoresOption = None,
    worker_gpus: WorkerGpusOption = None,
    partition_rows: PartitionRowsOption = None,
) -> None:
    """Write the embedding of every text of a file; an interrupted call continues where it stopped."""
    from mtl.cli.predicting import BulkArguments, cluster_options, encode_command
    from mtl.cli.reading import kept_columns, read_options

    options = read_options(format_, {"text": text_column})
    counts = {"--workers": workers, "--worker-cores": worker_cores, "--worker-gpus": worker_gpus}
    cluster = cluster_options(engine, {"--address": address, **counts, "--partition-rows": partition_rows})
    encode_command(BulkArguments(checkpoint, source, target, precision, options, kept_columns(keep), cluster))


@app.command()
def convert(
    source: Annotated[Path, typer.Argument(metavar="FILE", help="labelled texts, tagged texts or scored pairs")],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="the file to write")],
    to: Annotated[str | None, typer.Option(metavar="NAME", help="its format; default: by its ending")] = None,
    kind: Annotated[str | None, typer.Option(help="of task, where the file does not show it")] = None,
    format_: FormatOption = None,
    column: ColumnOption = None,
) -> None:
    """Write a data file in another format: of a table, CoNLL, doccano, Label Studio, Prodigy, spaCy and others."""
    from mtl.cli.converting import convert_command
    from mtl.cli.reading import read_options

    convert_command(source, target, to=to, kind=kind, options=read_options(format_, {}, column or ()))


@app.command()
def push(
    checkpoint: Annotated[str, typer.Argument(help="a checkpoint folder, or starter")],
    repository: Annotated[str, typer.Argument(metavar="OWNER/NAME", help="made where it is missing")],
    licence: Annotated[
        str | None, typer.Option("--license", metavar="NAME", help="an identifier of the Hub, such as apache-2.0")
    ] = None,
    data_set: Annotated[
        list[str] | None, typer.Option("--dataset", metavar="OWNER/NAME", help="what it was trained on; repeatable")
    ] = None,
    private: Annotated[bool, typer.Option(help="only its owner sees a repository that is made")] = False,
    sample: Annotated[
        bool, typer.Option(help="upload the evaluation sample, a few of the dev examples, and show some on the page")
    ] = True,
    json_file: Annotated[Path | None, typer.Option("--json", help="write the address to this file")] = None,
) -> None:
    """Upload a checkpoint to the Hugging Face Hub; an interrupted upload goes on where it stopped."""
    from mtl.cli.pushing import push_command
    from mtl.pushing import PushOptions

    push_command(checkpoint, repository, PushOptions(licence, tuple(data_set or ()), private, sample), json_file)


@app.command()
def export(
    checkpoint: CheckpointArgument,
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="the folder to write; it is new, or empty")],
    format_: Annotated[str, typer.Option("--format", metavar="NAME", help=f"one of {', '.join(FORMATS)}")],
    json_file: Annotated[Path | None, typer.Option("--json", help="write what was made to this file")] = None,
) -> None:
    """Write a model for another tool, and say what its format cannot hold."""
    from mtl.cli.exporting import export_command

    export_command(checkpoint, folder, json_file, format_=format_)


@app.command()
def serve(
    checkpoint: CheckpointArgument,
    host: Annotated[str, typer.Option(help="where to listen; 0.0.0.0 for all networks")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for a free one")] = 8000,
    precision: PrecisionOption = "auto",
    name: Annotated[str | None, typer.Option(help="by which clients know the model; default: the checkpoint's")] = None,
    api_key_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="keys, one a line, of which clients show one; also $POLYHEAD_API_KEY"),
    ] = None,
    limit: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=NUMBER", help="body_mb, texts, characters, tokens, waiting, of_client, seconds"),
    ] = None,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            "--allow-host",
            "--allowed-hosts",
            metavar="NAME",
            help="a name by which clients reach it; repeatable; without --host only those of this machine are",
        ),
    ] = None,
) -> None:
    """Answer requests over HTTP with a model: /analyze, /embed, /classify, /tag, /v1/embeddings; /docs has examples."""
    from mtl.cli.serving import serve_command

    where = (host, port)
    serve_command(
        checkpoint,
        where,
        precision=precision,
        name=name,
        key_file=api_key_file,
        limits=tuple(limit or ()),
        allow_hosts=tuple(allow_host or ()),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status, 0 or 1; what the user can mend is one line on standard error."""
    try:
        status = int(app(args=arguments, prog_name="python -m mtl", standalone_mode=False) or 0)
    except MtlError as error:
        err.print(f"error: {error}", markup=False)
        return 1
    except OSError as error:  # a full disk, a file system that is read-only, a folder in place of a file
        where = f"{error.filename}: " if error.filename else ""
        err.print(f"error: {where}{error.strerror or error}", markup=False)
        return 1
    except typer.TyperException as error:
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        err.print(f"error: {usage_sentence(message)}", markup=False)
        return 1
    except (typer.Abort, KeyboardInterrupt):
        status = _INTERRUPTED
    if status == _INTERRUPTED:
        err.print("stopped")
    return min(status, 1)
