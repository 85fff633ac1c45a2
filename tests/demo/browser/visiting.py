"""What a visitor waits for on any page."""

from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, Route, expect

from tests.waiting import until

# Tabs and what stands on them when their first answers have come.
TABS = {
    "Analyze": "#ph-near tbody tr",
    "Embeddings": "#ph-nearest table",
    "Classes": "#ph-classes [data-task]",
    "Entities": "#ph-entities mark",
    "Label": "#ph-label-projects p, #ph-label-projects table",
    "Train": "#ph-plan section",
    "Runs": "#ph-runs",
    "Guide": "#ph-guide-pages",
}
# Two frames, so that what was handed to the page is drawn; and what fades in or moves has come to its end. No question
# is open before or after that, so that no answer has led to another question.
_SETTLED = """async () => {
  const before = unanswered().length;
  for (let k = 0; k < 2; k++) await new Promise(requestAnimationFrame);
  const ending = document.getAnimations().filter(a => Number.isFinite(a.effect?.getComputedTiming().endTime));
  await Promise.allSettled(ending.map(a => a.finished));
  return !before && !unanswered().length;
}"""
# The events of a component of the page, by its id in the page and the name of the event.
_EVENTS = """([place, event]) => {
  const { components, dependencies } = window.gradio_config;
  const { id } = components.find(c => c.props.elem_id === place);
  const of = ({ targets }) => targets.some(([target, name]) => target === id && name === event);
  return dependencies.filter(d => d.backend_fn && of(d)).map(d => d.id);
}"""
_ASKED, _LATE_JOINS = (
    (Path(__file__).parent / name).read_text(encoding="utf-8") for name in ("asked.js", "late_joins.js")
)


def watch(page: Page) -> None:
    """Count what the page asks of the server, from the next opening of an address on."""
    page.add_init_script(_ASKED)


def hurry(page: Page) -> None:
    """Let answers come before the replies to their questions wherever they can, from the next opening of an address on.

    `late` in the page is the number of replies that came after their answers.
    """
    page.add_init_script(_LATE_JOINS)


def open_tab(page: Page, name: str) -> None:
    """Go to a tab and wait for what stands on it."""
    page.get_by_role("tab", name=name).click()
    expect(page.locator(TABS[name]).first).to_be_visible()
    page.evaluate(_SETTLED)


def settled(page: Page) -> None:
    """Wait until everything that the page asked is answered and the answers are drawn."""
    try:
        until(lambda: page.evaluate(_SETTLED), "an answer to everything that the page asked")
    except AssertionError as error:
        error.add_note(f"unanswered: {page.evaluate('unanswered()')}")
        raise


def hold(page: Page, place: str, event: str) -> list[Route]:
    """The requests of an event, which are not sent before the test lets them go on."""
    held, those = [], page.evaluate(_EVENTS, [place, event])

    def take(route: Route) -> None:
        asked = (route.request.post_data_json or {}).get("fn_index")
        held.append(route) if asked in those else route.continue_()

    intercept(page, "**/gradio_api/**", take)
    return held


def intercept(page: Page, addresses: str, take: Callable[[Route], object]) -> None:
    """Hand every request of a page to a function, from this moment on.

    `Page.route` returns a moment before the page's own requests go through it.
    """
    page.route(addresses, take)
    seen = []
    page.route("**/robots.txt?probe", lambda route: seen.append(route.fulfill(body="")))
    until(lambda: page.evaluate("fetch('robots.txt?probe').then(() => true)") and seen, "a request to intercept")
