"""Deep links: the page's address contains the tab, model, sentence and guide page, and opening it restores them.

The browser writes the address itself; no request is sent.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

TABS = "ph-tabs"
"""The `elem_id` of the page's tabs."""
SENTENCE_BOXES = ("ph-sentence", "ph-sentences", "ph-class-text", "ph-entity-text")
"""The text boxes that receive the sentence of a link, by their `elem_id`."""
GUIDE_PAGES = "ph-guide-pages"
"""The `elem_id` of the list of guide pages."""
_LONGEST = 1000
"""The maximum length of a sentence in a link, in characters; longer sentences are left out."""


@dataclass(frozen=True, slots=True)
class Link:
    """The contents of a link; None for what is missing or unknown."""

    model: str | None
    sentence: str | None
    guide: str | None


def read_link(query: Mapping[str, str], models: Sequence[str], guides: Sequence[str]) -> Link:
    """Read a query string; `models` are the keys that this visitor may use, `guides` the pages of the guide."""
    model, sentence, guide = query.get("model"), query.get("sentence"), query.get("guide")
    return Link(
        model=model if model in models else None,
        sentence=sentence[:_LONGEST] if sentence and sentence.strip() else None,
        guide=guide if guide in guides else None,
    )


def remember(name: str, *, unless: str = "") -> str:
    """JavaScript that writes the first input of an event into the address, shortly after it was set.

    Args:
        name: of the parameter in the address.
        unless: the default value, which is left out.
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
    # While the page opens, the first tab reports itself as selected, whatever the address contains.
    " setTimeout(() => { window.phOpened = true }, 500); return [] }"
)
"""JavaScript that opens the tab in the address, and only then allows writing the address.

An update of `gr.Tabs` has no effect while the page is still opening.
"""
_COPY = (
    "async (text) => { const value = VALUE; let kept = true;"
    " try { await navigator.clipboard.writeText(value) } catch {"
    # Without HTTPS, a page has no access to the clipboard API.
    " const area = document.createElement('textarea'); area.value = value; document.body.append(area); area.select();"
    " kept = document.execCommand('copy'); area.remove() }"
    " return kept ? '<p class=\"ph-note\">Copied.</p>' : '<p class=\"ph-note\">Copying is not allowed.</p>' }"
)
COPY_TEXT = _COPY.replace("VALUE", "text")
"""JavaScript that copies the first input of an event to the clipboard and reports the result."""
COPY_ADDRESS = _COPY.replace("VALUE", "location.href")
"""The same for the address of the page."""
