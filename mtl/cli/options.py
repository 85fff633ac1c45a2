"""Arguments and options that several commands take."""

from typing import Annotated

import typer

PrecisionOption = Annotated[
    str,
    typer.Option(help="fp32, bf16, mixed, int8, or auto: the fastest here that answers as fp32 does", metavar="NAME"),
]
FormatOption = Annotated[
    str | None, typer.Option("--format", metavar="NAME", help="the format of the file; default: told by its content")
]
TextColumnOption = Annotated[
    str | None,
    typer.Option(metavar="COLUMN", help="name or number of the column of the text; default: text, or a guess"),
]
ColumnOption = Annotated[
    list[str] | None,
    typer.Option(metavar="ROLE=COLUMN", help="the column of a role: text, label, sentence1, token, tag …; repeatable"),
]
KeepOption = Annotated[
    str, typer.Option(metavar="COLUMNS", help="columns of the input that the output keeps, by commas, or all")
]
CheckpointArgument = Annotated[str, typer.Argument(help="starter, a checkpoint folder, or a Hub id")]
InputArgument = Annotated[
    str, typer.Argument(metavar="INPUT", help=".txt (a text a line), .csv, .tsv, .jsonl, .parquet, or an export")
]
EngineOption = Annotated[
    str, typer.Option("--engine", metavar="local|ray", help="this process, or workers on Ray, which take URLs too")
]
AddressOption = Annotated[
    str | None, typer.Option(metavar="HOST:PORT", help="of a Ray cluster, or auto; default: one of this machine alone")
]
WorkersOption = Annotated[int | None, typer.Option(help="engines on Ray; default: as many as there is room for")]
WorkerCoresOption = Annotated[int | None, typer.Option(help="of each engine on Ray; default: 1")]
WorkerGpusOption = Annotated[float | None, typer.Option(help="of each engine on Ray, 0.25 for a quarter; default: 0")]
PartitionRowsOption = Annotated[int | None, typer.Option(help="rows that Ray hands out at a time; default: 4096")]
SetOption = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="override a key")]
