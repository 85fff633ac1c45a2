"""The Embeddings tab as a visitor uses it: the map is clicked, lassoed, dragged, walked by keys, and compared."""

import re

import numpy as np
import pytest
from playwright.sync_api import expect

import mtl
from demo.inputs.examples import sentence_sets
from tests.demo.browser.visiting import settled
from tests.demo.fakes import FakeModel

ROUNDED = 0.005  # what a cosine may differ by in the precision that the page chose
MAP = "(id) => document.querySelector(id + ' .ph-scatter')?.parentElement.scatter"
PLACE = """([id, i]) => {
  const map = document.querySelector(id + ' .ph-scatter').parentElement.scatter;
  const box = document.querySelector(id + ' .ph-scatter-area canvas').getBoundingClientRect();
  const [x, y] = [map.after[2 * i], map.after[2 * i + 1]];
  return [box.left + box.width / 2 + (x - map.view.x) * map.view.scale,
          box.top + box.height / 2 - (y - map.view.y) * map.view.scale];
}"""
VIEW = f"() => [({MAP})('#ph-map').view.x, ({MAP})('#ph-map').view.y]"
PAN = """async () => {
  const canvas = document.querySelector('#ph-map .ph-scatter-area canvas'), box = canvas.getBoundingClientRect();
  const fire = (type, x, y) => canvas.dispatchEvent(new PointerEvent(type, {
    pointerId: 1, clientX: box.left + x, clientY: box.top + y, bubbles: true }));
  canvas.setPointerCapture = () => {};
  fire('pointerdown', 200, 200);
  const draw = CanvasRenderingContext2D.prototype.drawImage;
  let drawn = 0;
  CanvasRenderingContext2D.prototype.drawImage = function (...what) { drawn++; return draw.apply(this, what); };
  for (let k = 1; k <= 60; k++) {
    fire('pointermove', 200 + 2 * k, 200 + k);
    await new Promise(requestAnimationFrame);
  }
  fire('pointerup', 320, 260);
  CanvasRenderingContext2D.prototype.drawImage = draw;
  return drawn;
}"""


def shown(page, count, where="#ph-map"):
    """The map has so many points and the neighbours have come."""
    page.get_by_role("tab", name="Embeddings").click()
    page.wait_for_function(f"([id, n]) => ({MAP})(id)?.size === n", arg=[where, count])
    expect(page.locator("#ph-nearest table").first).to_be_visible()


def embed(page, text):
    page.get_by_label("Sentences, one per line").fill(text)
    page.get_by_role("button", name="Embed", exact=True).click()


def upload(page, file):
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload a file").locator("visible=true").click()
    chooser.value.set_files(file)


def click_point(page, i, where="#ph-map"):
    page.mouse.click(*page.evaluate(PLACE, [where, i]))


def listed(page):
    """The numbers in the table of neighbours."""
    return [int(cell) for cell in page.locator("#ph-nearest table").first.locator("td:nth-child(2)").all_inner_texts()]


def test_a_click_on_a_point_lists_its_true_nearest_neighbours(page):
    texts = sentence_sets()[0].sentences.texts
    shown(page, len(texts))
    vectors = mtl.Engine.load("starter", precision="fp32").encode(texts, normalize_embeddings=True)
    for point in (20, 47):
        page.get_by_role("button", name="Fit").first.click()
        click_point(page, point)
        expect(page.locator("#ph-nearest .ph-asked")).to_contain_text(texts[point])
        cosines = {other: float(vectors[point] @ vectors[other]) for other in range(len(texts)) if other != point}
        found = listed(page)
        assert len(set(found)) == 8
        nearest = sorted(cosines.values(), reverse=True)[:8]
        assert [cosines[number - 1] for number in found] == pytest.approx(nearest, abs=ROUNDED)


@pytest.mark.slow
def test_a_lasso_fills_the_table_with_what_lies_inside(page):
    shown(page, 60)
    page.locator("#ph-map").get_by_role("button", name="Lasso").click()
    box = page.locator("#ph-map .ph-scatter-area canvas").bounding_box()
    left, top, right, bottom = box["x"] + 4, box["y"] + 4, box["x"] + box["width"] / 2, box["y"] + box["height"] - 4
    inside = [i for i in range(60) if page.evaluate(PLACE, ["#ph-map", i])[0] < right]
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom)):
        page.mouse.move(x, y, steps=4)
    page.mouse.up()
    expect(page.locator("#ph-selection")).to_contain_text(f"{len(inside)} selected")
    numbers = page.locator("#ph-selection td:first-child").all_inner_texts()
    assert [int(number) - 1 for number in numbers] == inside


@pytest.mark.slow
def test_a_query_lights_up_what_is_near_and_another_pooling_stands_beside(page):
    shown(page, 60)
    page.get_by_label("Search").fill("Put salt into the boiling pot.")
    page.keyboard.press("Enter")
    expect(page.locator("#ph-nearest tbody tr").first).to_contain_text("salt")
    brightness = page.evaluate(f"() => Array.from(({MAP})('#ph-map').brightness)")
    assert max(brightness) == brightness[listed(page)[0] - 1] == 255
    assert sorted(brightness)[:30] == [0] * 30
    page.locator("#ph-compare-with input").click()
    page.get_by_role("option", name="max pooling").click()
    shown(page, 60, "#ph-map-second")
    expect(page.locator("#ph-moved")).to_contain_text("nearest neighbours kept")
    click_point(page, 3, "#ph-map-second")
    expect(page.locator("#ph-nearest table")).to_have_count(2)
    assert page.evaluate(f"() => [...({MAP})('#ph-map').selected]") == [3]
    page.get_by_role("button", name="Compare poolings").click()
    expect(page.locator("#ph-poolings tbody tr")).to_have_count(6)


def test_the_map_is_walked_and_asked_by_keys_alone_and_read_aloud(page):
    shown(page, 60)
    canvas = page.locator("#ph-map .ph-scatter-area canvas")
    expect(canvas).to_have_attribute("aria-label", re.compile("Arrow keys move between points"))
    canvas.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    spoken = page.locator("#ph-map [aria-live]").inner_text()
    number, sentence = re.fullmatch(r"Sentence (\d+)(?:, [^:]+)?: (.+)", spoken).groups()
    page.keyboard.press("Enter")
    expect(page.locator("#ph-nearest .ph-asked")).to_have_text(re.compile(rf"{number}\s+{re.escape(sentence)}"))
    page.keyboard.press("Space")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Space")
    expect(page.locator("#ph-selection")).to_contain_text("1 selected")


@pytest.mark.slow
def test_embeddings_are_taken_along(page, tmp_path):
    shown(page, 60)
    for ending in (".npy", ".parquet", ".csv"):
        with page.expect_download() as download:
            page.get_by_role("button", name=ending, exact=True).click()
        assert download.value.suggested_filename == f"embeddings{ending}"
        if ending == ".npy":
            download.value.save_as(tmp_path / "e.npy")
            assert np.load(tmp_path / "e.npy").shape == (60, 384)
    with page.expect_download() as download:
        page.locator("#ph-map").get_by_role("button", name="Picture").click()
    assert download.value.suggested_filename == "map.png"
    page.locator("#ph-heatmap").hover()
    with page.expect_download() as download:
        page.locator("#ph-heatmap").get_by_role("button", name="Download plot").click()
    assert download.value.suggested_filename == "polyhead-heatmap.png"


def is_answer(event) -> str | None:
    """The request of a response, if a handler of the page answered it."""
    return event["requestId"] if "/gradio_api/" in event["response"]["url"] else None


@pytest.mark.slow
def test_ten_thousand_points_are_drawn_once_for_a_pan_and_are_less_than_five_megabytes(open_page, serve, tmp_path):
    file = tmp_path / "many.csv"
    rows = (
        f"Sentence number {i} is about as long as sentences in a newspaper usually are.,g{i % 7}" for i in range(10_000)
    )
    file.write_text("text,label\n" + "\n".join(rows))
    page = open_page(serve(FakeModel()))
    shown(page, 60)
    answers, received = set(), []
    session = page.context.new_cdp_session(page)
    session.on("Network.responseReceived", lambda event: answers.add(is_answer(event)))
    session.on("Network.dataReceived", lambda event: received.append((event["requestId"], event["dataLength"])))
    session.send("Network.enable")
    upload(page, file)
    shown(page, 10_000)
    expect(page.get_by_text("200 of 10,000 sentences, a seeded sample")).to_be_visible()
    # Scripts of the page that a slow machine has not loaded yet are none of it.
    assert 1e5 < sum(size for request, size in received if request in answers) < 5e6
    view = page.evaluate(VIEW)
    # All points for the picture that is moved, it for each of 60 frames, and all points again where it is let go.
    assert page.evaluate(PAN) <= 2 * 10_000 + 60
    assert page.evaluate(VIEW) != view
    expect(page.locator("#ph-map .ph-scatter-legend li")).to_have_count(7)


@pytest.mark.slow
def test_odd_sentences_are_fine_with_every_method(page):
    shown(page, 60)
    for text in ("just one sentence", "same\nsame\nsame", "x " * 3000):
        embed(page, text)
        count = len(text.splitlines())
        page.wait_for_function(f"n => ({MAP})('#ph-map').size === n", arg=count)
        for method in ("UMAP", "t-SNE", "PCA"):
            page.get_by_label(method, exact=True).check()
            settled(page)
            assert page.evaluate(f"() => ({MAP})('#ph-map').size") == count
            expect(page.locator("[role=alert]")).to_have_count(0)
    # The last one is read in windows.
    expect(page.get_by_text("nothing cut").locator("visible=true").first).to_be_visible()


def test_an_empty_box_and_a_wrong_file_say_so_beside_them_and_what_was_there_stays(page, tmp_path):
    shown(page, 60)
    embed(page, "  \n ")
    expect(page.locator("[role=alert]")).to_have_text("Type at least one sentence.")
    wrong = tmp_path / "wrong.csv"
    wrong.write_text("number\n12\n")
    upload(page, wrong)
    problem = "wrong.csv:1: the columns text were expected, text is missing among number"
    expect(page.get_by_text(problem)).to_be_visible()
    assert page.evaluate(f"() => ({MAP})('#ph-map').size") == 60


def test_typed_html_stays_text_on_the_map_and_in_tables(page):
    shown(page, 60)
    embed(page, "<img src=x onerror='window.hacked=1'>\n<b>bold</b> words\nplain words")
    shown(page, 3)
    click_point(page, 0)
    expect(page.locator("#ph-nearest .ph-asked")).to_contain_text("<img src=x")
    page.mouse.move(*page.evaluate(PLACE, ["#ph-map", 0]))
    expect(page.locator("#ph-map .ph-scatter-tip")).to_contain_text("<img src=x")
    assert page.evaluate("window.hacked") is None
