"""What a visitor waits for on any page."""

from weakref import WeakKeyDictionary

from playwright.sync_api import Page, Request, expect

from tests.waiting import until

# Tabs and what stands on them when their first answers have come.
TABS = {
    "Analyze": "#ph-near tbody tr",
    "Embeddings": "#ph-nearest table",
    "Classes": "#ph-classes [data-task]",
    "Entities": "#ph-entities mark",
    "Train": "#ph-plan section",
    "Runs": "#ph-runs",
    "Guide": "#ph-guide-pages",
}
# Two frames, so that what was handed to the page is drawn; and what fades in or moves has come to its end.
_DRAWN = """async () => {
  for (let k = 0; k < 2; k++) await new Promise(requestAnimationFrame);
  const ending = document.getAnimations().filter(a => Number.isFinite(a.effect?.getComputedTiming().endTime));
  await Promise.allSettled(ending.map(a => a.finished));
}"""
_asked: WeakKeyDictionary[Page, set[Request]] = WeakKeyDictionary()


def watch(page: Page) -> None:
    """Count what the page asks of the server; the stream of answers is open as long as there are some to come."""
    asked = _asked[page] = set()

    def note(request: Request) -> None:
        if request.is_navigation_request():
            asked.clear()
        elif _is_question(request):
            asked.add(request)

    page.on("request", note)
    for ended in ("requestfinished", "requestfailed"):
        page.on(ended, lambda request: asked.discard(request))


def open_tab(page: Page, name: str) -> None:
    """Go to a tab and wait for what stands on it."""
    page.get_by_role("tab", name=name).click()
    expect(page.locator(TABS[name]).first).to_be_visible()
    page.evaluate(_DRAWN)


def settled(page: Page) -> None:
    """Wait until every question of the page is answered and the answers are drawn."""

    def quiet() -> bool:
        page.evaluate(_DRAWN)
        return not _asked[page]

    try:
        until(quiet, "an answer to everything that the page asked")
    except AssertionError as error:
        error.add_note(f"no answer to {[request.url for request in _asked[page]]}")
        raise


def _is_question(request: Request) -> bool:
    return request.resource_type == "fetch" and "/heartbeat/" not in request.url
