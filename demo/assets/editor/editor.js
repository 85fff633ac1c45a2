/* Editor for the spans of one text: select words, then choose a type. Python sends words and receives word positions. */
const card = element.querySelector(".ph-editor");
const line = element.querySelector(".ph-text");
const types = element.querySelector(".ph-editor-types");
const aloud = element.querySelector("[aria-live]");
let data = null, spans = [], from = 0, to = 0, over = -1;

const spanAt = (i) => spans.find(([first, last]) => first <= i && i <= last);
const range = () => [Math.min(from, to), Math.max(from, to)];
const typeOf = (span) => data.types.find(({ name }) => name === span[2]) ?? { colour: "#7A828C", line: "solid" };

function load() {
  try { data = JSON.parse(props.value || "null"); } catch { data = null; }
  card.hidden = !data;
  if (!data) return;
  spans = data.spans.map((span) => [...span]);
  const first = spans[0] ?? [0, 0];
  [from, to] = [first[0], first[1]];
  element.querySelector("h3").textContent = `Correct ${data.task}, text ${data.row + 1}`;
  types.replaceChildren(...[...data.types, { name: null, colour: "" }].map((type, k) => button(type, k)));
  render();
  card.scrollIntoView({ block: "nearest" });
  words()[from]?.focus({ preventScroll: true });
}

function button({ name, colour }, k) {
  const made = document.createElement("button"), mark = document.createElement("i");
  made.type = "button";
  mark.style.background = colour || "transparent";
  made.append(mark, document.createTextNode(name ?? "no entity"));
  if (k < 9) made.title = name ? `key ${k + 1}` : "key Delete";
  made.addEventListener("click", () => give(name));
  return made;
}

const words = () => [...line.querySelectorAll(".ph-word")];
function render() {
  const parts = [];
  for (let i = 0; i < data.words.length; i++) {
    const span = spanAt(i);
    if (!span) { parts.push(word(i), data.gaps[i]); continue; }
    const mark = document.createElement("mark");
    mark.className = "ph-entity";
    mark.dataset.type = span[2];
    mark.style.setProperty("--entity", typeOf(span).colour);
    mark.style.borderBottomStyle = typeOf(span).line;
    for (; i <= span[1]; i++) mark.append(word(i), i < span[1] ? data.gaps[i] : "");
    i = span[1];
    const name = document.createElement("b");
    name.textContent = span[2];
    mark.append(name);
    parts.push(mark, data.gaps[i]);
  }
  line.replaceChildren(data.lead, ...parts);
  choose();
}

function word(i) {
  const made = document.createElement("span");
  made.className = "ph-word";
  made.dataset.i = i;
  made.setAttribute("role", "button");
  made.textContent = data.words[i];
  return made;
}

function choose() {
  const [first, last] = range();
  for (const made of words()) {
    const i = Number(made.dataset.i), inside = first <= i && i <= last;
    made.classList.toggle("ph-picked", inside);
    made.setAttribute("aria-pressed", String(inside));
    made.tabIndex = i === to ? 0 : -1;
  }
}

function give(type) {
  const [first, last] = range();
  spans = spans.filter((span) => span[1] < first || span[0] > last);
  if (type) spans.push([first, last, type]);
  spans.sort((a, b) => a[0] - b[0]);
  render();
  aloud.textContent = `${data.words.slice(first, last + 1).join(" ")}: ${type ?? "no entity"}`;
  words()[to]?.focus({ preventScroll: true });
}

line.addEventListener("pointerdown", (event) => {
  const at = event.target.closest(".ph-word");
  if (!at) return;
  event.preventDefault();
  const i = Number(at.dataset.i), span = spanAt(i);
  if (event.shiftKey) to = i;
  else [from, to] = span ? [span[0], span[1]] : [i, i];
  over = i;
  choose();
  words()[to]?.focus({ preventScroll: true });
});
line.addEventListener("pointermove", (event) => {
  if (over < 0) return;
  const at = document.elementFromPoint(event.clientX, event.clientY)?.closest?.(".ph-word");
  if (!at || !line.contains(at) || Number(at.dataset.i) === over) return;
  to = over = Number(at.dataset.i);
  choose();
});
document.addEventListener("pointerup", () => { over = -1; });
line.addEventListener("keydown", (event) => {
  if (!data || event.ctrlKey || event.metaKey || event.altKey) return;
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key], number = Number(event.key);
  if (step) {
    to = Math.max(0, Math.min(data.words.length - 1, to + step));
    if (!event.shiftKey) from = to;
    choose();
    words()[to].focus();
  } else if (number >= 1 && number <= data.types.length) give(data.types[number - 1].name);
  else if (event.key === "Delete" || event.key === "Backspace" || event.key === "0") give(null);
  else return;
  event.preventDefault();
});
element.querySelector(".ph-editor-keep").addEventListener("click", () => {
  trigger("keep", { stamp: data.stamp, row: data.row, task: data.task, spans });
  card.hidden = true;
});
element.querySelector(".ph-editor-close").addEventListener("click", () => { card.hidden = true; });
watch("value", load);
load();
