"""Deep links: the page's address says tab, model, sentence and page of the guide; opening it brings them back.

Only the browser's own address bar is written, without a request.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

TABS = "ph-tabs"
"""The `elem_id` of the page's tabs."""
SENTENCE_BOXES = ("ph-sentence", "ph-sentences", "ph-class-text", "ph-entity-text")
"""The boxes that a link's sentence goes to, by their `elem_id`."""
GUIDE_PAGES = "ph-guide-pages"
"""The `elem_id` of the choice of the guide's page."""
_LONGEST = 1000
"""Characters of a sentence that a link carries; longer ones are left out of it."""


@dataclass(frozen=True, slots=True)
class Link:
    """What a link asks for; None where it says nothing that this page has."""

    model: str | None
    sentence: str | None
    guide: str | None


def read_link(query: Mapping[str, str], models: Sequence[str], guides: Sequence[str]) -> Link:
    """The wishes of a query string; `models` are the keys on offer to this visitor, `guides` the guide's pages."""
    model, sentence, guide = query.get("model"), query.get("sentence"), query.get("guide")
    return Link(
        model=model if model in models else None,
        sentence=sentence[:_LONGEST] if sentence and sentence.strip() else None,
        guide=guide if guide in guides else None,
    )


def remember(name: str, *, unless: str = "") -> str:
    """JavaScript that writes an event's first input into the address under this name, a little after it was set.

    Args:
        name: of the parameter.
        unless: the value that goes without saying.
    """
    return (
        (
            "(value) => { const timers = window.phTimers ??= {}; clearTimeout(timers[NAME]);"
            " timers[NAME] = setTimeout(() => { const address = new URL(location.href);"
            f" if (value && value !== USUAL && value.length <= {_LONGEST}) address.searchParams.set(NAME, value);"
            " else if (window.phOpened) address.searchParams.delete(NAME);"
            " history.replaceState(history.state, '', address) }, 300); return [] }"
        )
        .replace("NAME", json.dumps(name))
        .replace("USUAL", json.dumps(unless))
    )


def remember_tab(tab: str) -> str:
    """JavaScript that writes a tab's id into the address."""
    return (
        "() => { if (!window.phOpened) return [];"
        " const address = new URL(location.href);"
        f" address.searchParams.set('tab', '{tab}'); history.replaceState(history.state, '', address); return [] }}"
    )


OPEN_TAB = (
    "() => { const tab = new URL(location.href).searchParams.get('tab');"
    f" if (tab) document.querySelector('#{TABS} [role=tab][data-tab-id=' + CSS.escape(tab) + ']')?.click();"
    # The first tab reports itself as chosen while the page opens, whatever the address says.
    " setTimeout(() => { window.phOpened = true }, 500); return [] }"
)
"""JavaScript that opens the tab of the address, and only then lets the address be written.

An update of `gr.Tabs` opens none while the page itself is still opening.
"""
_COPY = (
    "async (text) => { const value = VALUE; let kept = true;"
    " try { await navigator.clipboard.writeText(value) } catch {"
    # Without HTTPS a page has no clipboard of its own.
    " const area = document.createElement('textarea'); area.value = value; document.body.append(area); area.select();"
    " kept = document.execCommand('copy'); area.remove() }"
    " return kept ? '<p class=\"ph-note\">copied</p>' : '<p class=\"ph-note\">the browser refused to copy</p>' }"
)
COPY_TEXT = _COPY.replace("VALUE", "text")
"""JavaScript that puts an event's first input on the clipboard and says so."""
COPY_ADDRESS = _COPY.replace("VALUE", "location.href")
"""The same for the page's address."""
