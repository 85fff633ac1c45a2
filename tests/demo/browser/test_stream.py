"""The page reads every answer, whenever Gradio's server ends the stream of answers."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

from demo.assets import ASSETS
from tests.demo.browser.visiting import hurry, settled
from tests.waiting import until

# A server in the page: `first` and `second` are what its streams send, and events are joined when the test says so.
SERVER = """() => {
  window.opened = 0;
  const streams = [], encoder = new TextEncoder();
  window.send = (k, message) => streams[k].enqueue(encoder.encode(`data: ${JSON.stringify(message)}\\n\\n`));
  window.sendText = (k, text) => streams[k].enqueue(encoder.encode(text));
  window.end = (k) => streams[k].close();
  window.fetch = async (url, how) => {
    if (url.includes('/queue/join?')) return Response.json({ event_id: how.body });
    if (!url.includes('/queue/data?')) return new Response('other');
    const place = window.opened++;
    if (place === 1 && window.isBroken) return new Response('gone', { status: 404 });
    return new Response(new ReadableStream({ start: (out) => { streams[place] = out; } }));
  };
}"""
READ = """async () => {
  window.got = [];
  const response = await fetch('/queue/data?session_hash=x'), decoder = new TextDecoder();
  const reader = response.body.getReader();
  (async () => {
    try {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) break;
        got.push(...decoder.decode(value).split('\\n\\n').filter(Boolean).map((text) => JSON.parse(text.slice(5)).msg));
      }
      got.push('end');
    } catch { got.push('error'); }
  })();
}"""
JOIN = "(id) => fetch('/queue/join?', { method: 'POST', body: id })"
POINTS = "(count) => document.querySelector('#ph-map .ph-scatter')?.parentElement.scatter?.size === count"
CLOSE = {"msg": "close_stream"}


def completed(event: str) -> dict[str, str]:
    return {"msg": "process_completed", "event_id": event}


@pytest.fixture
def page(visitor) -> Page:
    page = visitor.new_page()
    page.evaluate(SERVER)
    page.evaluate((ASSETS / "stream.js").read_text(encoding="utf-8"))
    page.evaluate(JOIN, "a")
    page.evaluate(READ)
    return page


def send(page: Page, stream: int, *messages: dict[str, str]) -> None:
    for message in messages:
        page.evaluate("([k, message]) => send(k, message)", [stream, message])


def got(page: Page, *expected: str) -> None:
    page.wait_for_function("(count) => got.length >= count", arg=len(expected))
    assert page.evaluate("got") == list(expected)


def test_an_event_that_is_asked_while_the_stream_ends_gets_its_answer(page):
    send(page, 0, completed("a"))
    got(page, "process_completed")
    page.evaluate(JOIN, "b")
    send(page, 0, CLOSE)
    page.evaluate("end(0)")
    page.wait_for_function("opened === 2")
    send(page, 1, {"msg": "process_generating", "event_id": "b"}, completed("b"), CLOSE)
    page.evaluate("end(1)")
    got(page, "process_completed", "process_generating", "process_completed")


def test_no_stream_is_open_while_nothing_is_pending_and_the_next_event_opens_one(page):
    for number, event in enumerate("abc"):
        if number:
            page.evaluate(JOIN, event)
            page.wait_for_function("(count) => opened === count", arg=number + 1)
        send(page, number, completed(event), CLOSE)
        page.evaluate("(k) => end(k)", number)
        got(page, *["process_completed"] * (number + 1))
    assert page.evaluate("opened") == 3


def test_an_answer_may_come_before_the_page_knows_that_it_has_asked(page):
    send(page, 0, completed("a"), completed("b"))
    got(page, "process_completed", "process_completed")
    page.evaluate(JOIN, "b")
    send(page, 0, CLOSE)
    page.evaluate("end(0)")
    page.evaluate(JOIN, "c")
    page.wait_for_function("opened === 2")
    send(page, 1, completed("c"), CLOSE)
    got(page, *["process_completed"] * 3)


def test_the_page_knows_how_many_events_have_no_answer(page):
    assert page.evaluate("phUnanswered()") == 1
    page.evaluate(JOIN, "b")
    assert page.evaluate("phUnanswered()") == 2
    send(page, 0, completed("c"), completed("a"), completed("b"))
    got(page, *["process_completed"] * 3)
    page.evaluate(JOIN, "c")
    assert page.evaluate("phUnanswered()") == 0


def test_messages_may_come_in_pieces_and_several_at_once(page):
    text = "".join(f"data: {json.dumps(message)}\n\n" for message in ({"msg": "é"}, completed("a"), CLOSE))
    cut = len(text) // 3
    page.evaluate(
        "([a, b, c]) => { sendText(0, a); sendText(0, b); sendText(0, c); end(0); }",
        re.findall(f"(?s).{{1,{cut + 1}}}", text),
    )
    got(page, "é", "process_completed")


def test_a_server_that_goes_away_is_told(page):
    page.evaluate("end(0)")
    got(page, "end")


def test_a_stream_that_cannot_go_on_is_an_error(page):
    page.evaluate("isBroken = true")
    page.evaluate(JOIN, "b")
    send(page, 0, completed("a"), CLOSE)
    got(page, "process_completed", "error")


def test_other_requests_are_as_they_were(page):
    assert page.evaluate("fetch('/elsewhere').then((response) => response.text())") == "other"


def test_the_page_uses_it_before_its_first_event(open_page, page_url):
    page = open_page(page_url)
    expect(page.locator("#ph-chips")).to_contain_text("topic")
    settled(page)
    assert page.evaluate("phUnanswered()") == 0


def test_nothing_is_lost_of_answers_that_come_before_the_replies_to_their_questions(visitor, page_url):
    page = visitor.new_page()
    hurry(page)
    page.goto(page_url, wait_until="domcontentloaded")
    page.get_by_role("tab", name="Embeddings").click()
    page.wait_for_function(POINTS, arg=60)
    expect(page.locator("#ph-nearest table").first).to_be_visible()
    page.get_by_label("Sentences, one per line").fill("a\nb\nc")
    late = page.evaluate("late")

    def overtaken() -> bool:
        """While one question is open the stream is, and the next one has its answer before its reply."""
        page.evaluate(
            """async () => {
              const buttons = [...document.querySelectorAll('button')];
              const press = (name) => buttons.find((button) => button.textContent.trim() === name).click();
              press('Compare poolings');
              await streaming();
              press('Embed');
            }"""
        )
        page.wait_for_function(POINTS, arg=3)
        return page.evaluate("late") > late

    until(overtaken, "a reply that comes after its answer")  # the first question may be answered too soon
    expect(page.get_by_role("combobox", name="Colour by")).to_have_value("topic")
