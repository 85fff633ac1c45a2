/* Editor for the spans of one text: select words, then choose a type. Python sends words and receives word positions. */
const card = element.querySelector(".ph-editor");
const types = element.querySelector(".ph-editor-types");
const line = element.querySelector(".ph-text");
const text = spanWords(line, element.querySelector("[aria-live]"));
let data = null;

function load() {
  try { data = JSON.parse(props.value || "null"); } catch { data = null; }
  card.hidden = !data;
  if (!data) return;
  element.querySelector("h3").textContent = `Correct ${data.task}, text ${data.row + 1}`;
  types.replaceChildren(...[...data.types, { name: null, colour: "" }].map((type, k) => button(type, k)));
  text.load(data);
  card.scrollIntoView({ block: "nearest" });
  text.focus();
}

function button({ name, colour }, k) {
  const made = document.createElement("button"), mark = document.createElement("i");
  made.type = "button";
  mark.style.background = colour || "transparent";
  made.append(mark, document.createTextNode(name ?? "no entity"));
  if (k < 9) made.title = name ? `key ${k + 1}` : "key Delete";
  made.addEventListener("click", () => text.give(name));
  return made;
}

line.addEventListener("keydown", (event) => {
  if (!data || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "Backspace") text.give(null);
  else if (!text.key(event)) return;
  event.preventDefault();
});
element.querySelector(".ph-editor-keep").addEventListener("click", () => {
  trigger("keep", { stamp: data.stamp, row: data.row, task: data.task, spans: text.spans() });
  card.hidden = true;
});
element.querySelector(".ph-editor-close").addEventListener("click", () => { card.hidden = true; });
watch("value", load);
load();
