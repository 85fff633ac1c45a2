"""The catalogue of backbones: as a table, the facts of one entry, and the advice for the data of the form."""

from collections.abc import Sequence
from html import escape

from demo.views.tables import Column, Html, attribute, table
from demo.views.training.format import millions
from mtl.backbones.catalogue import CATALOGUE, COST_LENGTH, CatalogueEntry, Recommendation

PRESS = """
element.addEventListener('click', (event) => {
  const chosen = event.target.closest('button[data-backbone]');
  if (chosen) trigger('press', {backbone: chosen.dataset.backbone});
});
"""
"""The script of the component that shows the advice."""
_HINT = "A rule of thumb from the words, lengths and letters of the selected data; only a comparison can tell."


def catalogue_table() -> str:
    """All entries with their facts."""
    columns = [Column("backbone"), Column("domain"), Column("languages"), Column("cased"), Column("licence")]
    columns += [Column("tokens", number=True), Column("pooling"), Column("parameters", number=True)]
    columns += [Column("cost", number=True), Column("loads")]
    rows = [
        [
            _link(entry),
            str(entry.domain),
            str(entry.languages),
            "yes" if entry.cased else "no",
            entry.licence,
            f"{entry.max_length:,}",
            str(entry.pooling),
            millions(entry.parameters),
            f"{entry.cost():.1f}",
            "yes" if entry.safetensors else "convert",
        ]
        for entry in CATALOGUE
    ]
    source = f'<p class="ph-note">Computed from the architectures; cost for texts of {COST_LENGTH} tokens.</p>'
    return table(columns, rows, caption="Catalogue of backbones") + source


def choice_label(entry: CatalogueEntry) -> str:
    """An entry in a list of choices, with its domain and size."""
    return f"{entry.domain}: {entry.name} ({millions(entry.parameters)})"


def facts_line(entry: CatalogueEntry | None) -> str:
    """The facts of an entry on one line; a sentence for what is not in the catalogue."""
    if entry is None:
        return '<p class="ph-note">Not in the catalogue of the Guide; the plan reads its size from its files.</p>'
    facts = [
        str(entry.domain),
        str(entry.languages),
        "cased" if entry.cased else "uncased",
        f"{millions(entry.parameters)} parameters",
        f"{entry.cost():.1f} times the cost of MiniLM-L6",
        f"up to {entry.max_length:,} tokens",
        f"licence {entry.licence}",
    ]
    text = " · ".join(escape(fact) for fact in facts)
    note = f" {escape(entry.note)}" if entry.note else ""
    return f'<p class="ph-note">{text}.{note}</p>'


def recommendations(found: Sequence[Recommendation]) -> str:
    """The recommended entries with reasons; each that loads as it is has a button, which `PRESS` makes work."""
    if not found:
        return ""
    rows = "".join(f"<li>{_choice(one.entry)} {escape('; '.join(one.reasons))}.</li>" for one in found)
    return (
        '<div class="ph-recommended"><strong>Backbones for these data</strong>'
        f'<ol>{rows}</ol><p class="ph-note">{_HINT}</p></div>'
    )


def _choice(entry: CatalogueEntry) -> str:
    name = escape(entry.name.rpartition("/")[2])
    if not entry.safetensors:
        return f"<strong>{name}</strong>:"
    says = f"Choose {entry.name} as the backbone"
    return (
        f'<button type="button" data-backbone="{attribute(entry.name)}" aria-label="{attribute(says)}">{name}</button>'
    )


def _link(entry: CatalogueEntry) -> Html:
    return Html(
        f'<a href="{attribute(entry.source)}" target="_blank" rel="noopener noreferrer">{escape(entry.name)}</a>'
    )
