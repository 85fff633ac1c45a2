"""The replacements of two of Gradio's functions: found in its scripts, the same results, and sent by the server."""

import re
from pathlib import Path

import gradio
import pytest

from demo.serving.page_scripts import REPLACEMENTS, with_replacements
from tests.hardening.served import served

SCRIPTS = sorted((Path(gradio.__file__).parent / "templates" / "frontend" / "assets").glob("*.js"))
RANDOM = """
  let seed = 1;
  const random = below => (seed = (seed * 48271) % 2147483647) % below;
"""
FINDS = """([had, has]) => {
  const made = source => new Function(`${source}; return ${source.match(/function (\\w+)/)[1]}`)();
  const [first, second] = [had, has].map(made);
  RANDOM
  let id = 0, nodes = [];
  const tree = depth => {
    const node = {id: id++};
    nodes.push(node);
    if (random(6)) node.children = Array.from({length: depth ? random(4) : 0}, () => tree(depth - 1));
    return node;
  };
  const differ = [];
  let found = 0;
  for (let round = 0; round < 300; round++) {
    id = 0; nodes = [];
    const root = tree(5);
    for (let step = 0; step < 40; step++) {
      const wanted = [null, undefined, -1, random(id + 3)][random(20) < 17 ? 3 : random(3)];
      const [a, b] = [first(root, wanted), second(root, wanted)];
      if (a !== b) differ.push([round, step, wanted]);
      if (a) found++;
      const node = nodes[random(nodes.length)];  // what may have left the tree by now
      const change = random(8);
      if (change === 0) node.children = [...(node.children ?? []), tree(2)];
      if (change === 1) node.children?.reverse();
      if (change === 2) node.children = node.children?.slice(1);
      if (change === 3 && node.children?.length) node.children[0] = {...node.children[0]};
      if (change === 4 && node.children?.length) node.children[0].id = id++;
    }
  }
  return [differ, found];
}""".replace("RANDOM", RANDOM)
ATTACHES = """([had, has]) => {
  const [first, second] = [had, has].map(source => new Function("return new class {" + source + "}")());
  RANDOM
  const differ = [];
  let found = 0;
  for (let round = 0; round < 200; round++) {
    const events = ["load", "click", "change", "", null];
    const handlers = [];
    for (let step = 0; step < 20; step++) {
      const target = () => [random(6) || null, events[random(5)]];
      if (random(2)) handlers.push({targets: Array.from({length: random(4)}, target)});
      const of = random(9) ? handlers : [...handlers];
      const [a, b] = [first, second].map(one => {
        const node = {id: step % 7, props: {shared_props: {}}};
        if (one.find_attached_events(node, of) !== node) differ.push("another node");
        return node.props.shared_props.attached_events;
      });
      if (JSON.stringify(a) !== JSON.stringify(b)) differ.push([round, step, a, b]);
      found += a.length;
    }
  }
  return [differ, found];
}""".replace("RANDOM", RANDOM)


def sources(number):
    """A function as Gradio has it, and its replacement; whole, so that a browser can run them."""
    text = "\n".join(script.read_text(encoding="utf-8", errors="replace") for script in SCRIPTS)
    rest = "" if number == 0 else r"return \w+\.props\.shared_props\.attached_events=\w+,\w+\}"
    had = re.search(REPLACEMENTS[number][0].pattern + rest, text)
    assert had, "Gradio has changed this function: look whether it still needs to be replaced"
    return [had[0], with_replacements(had[0].encode()).decode()]


def test_gradio_has_each_function_once():
    for had, _ in REPLACEMENTS:
        assert sum(len(had.findall(script.read_text(encoding="utf-8", errors="replace"))) for script in SCRIPTS) == 1


@pytest.mark.parametrize(("number", "compare"), [(0, FINDS), (1, ATTACHES)], ids=["components", "events"])
def test_both_find_the_same_in_trees_that_change(browser, number, compare):
    context = browser.new_context()
    had, has = sources(number)
    assert had != has
    differ, found = context.new_page().evaluate(compare, [had, has])
    context.close()
    assert differ == [] and found > 1000


def test_other_scripts_stay_as_they_are():
    for script in (b"", b"\xff\xfe", "é\u2028".encode(), *(path.read_bytes() for path in SCRIPTS[:30])):
        assert with_replacements(script) == script or any(had.search(script.decode()) for had, _ in REPLACEMENTS)


def test_the_server_sends_them():
    changed = [script for script in SCRIPTS if with_replacements(script.read_bytes()) != script.read_bytes()]
    assert changed
    with served() as page:
        for script in changed:
            for accepted in ("gzip", "identity"):
                answer = page.client.get(f"/assets/{script.name}", headers={"accept-encoding": accepted})
                assert answer.content == with_replacements(script.read_bytes())
