"""`backbones`: the catalogue of encoders as a table."""

from dataclasses import asdict
from pathlib import Path

from rich.table import Column, Table

from mtl.backbones.catalogue import CATALOGUE, COST_LENGTH, CatalogueEntry, Domain
from mtl.cli.console import need_writable, out, write_json
from mtl.errors import InputError


def backbones_command(domain: str | None, json_file: Path | None) -> None:
    """Print the encoders of a domain, or all of them, and write them where asked."""
    if domain is not None and domain not in list(Domain):
        raise InputError(f"--domain takes {', '.join(Domain)}, was {domain!r}")
    if json_file is not None:
        need_writable(json_file)
    found = [entry for entry in CATALOGUE if domain in (None, entry.domain)]
    out.print(_table(found))
    out.print(f"cost: multiplications for each token of {COST_LENGTH}, relative to all-MiniLM-L6-v2", markup=False)
    if any(not entry.safetensors for entry in found):
        out.print("convert: the repository has pickles only, which are not read; README says how", markup=False)
    if json_file:
        write_json(json_file, [_record(entry) for entry in found])


def _table(entries: list[CatalogueEntry]) -> Table:
    names = ("backbone", "domain", "languages", "cased", "licence", "tokens", "pooling", "parameters", "cost", "loads")
    table = Table(*(Column(name, overflow="fold") for name in names))  # in a narrow terminal nothing is cut
    for entry in entries:
        table.add_row(
            entry.name,
            entry.domain,
            entry.languages,
            "yes" if entry.cased else "no",
            entry.licence,
            f"{entry.max_length:,}",
            entry.pooling,
            f"{entry.parameters / 1e6:,.1f} M",
            f"{entry.cost():.1f}",
            "yes" if entry.safetensors else "convert",
        )
    return table


def _record(entry: CatalogueEntry) -> dict[str, object]:
    computed = {"parameters": entry.parameters, "relative_cost": entry.cost(), "source": entry.source}
    return asdict(entry) | computed
