/* The labels of the card as buttons, each with its key and the probability that the model gives it; and the keys. */
function buttons() {
  const sought = find.querySelector("input").value.trim().toLowerCase(), { card: text, kind, labels } = shown;
  const made = labels.map((label, k) => [label, k]).filter(([{ name }]) => name.toLowerCase().includes(sought));
  const none = kind === "spans" ? [{ name: null, colour: "transparent", description: "" }, -1] : null;
  part("buttons").replaceChildren(...[...made, ...(none ? [none] : [])].map(([label, k]) => button(label, k, text)));
  part("accept").replaceChildren(accepting(text, kind), " ", keyed("Enter"));
  part("accept").disabled = !text || (["classes", "pairs"].includes(kind) && text.guess === null);
}

function accepting(text, kind) {
  if (kind === "spans") return "Save these entities";
  if (kind === "labels") return chosen.size ? `Save ${chosen.size} label${chosen.size === 1 ? "" : "s"}` : "Save without a label";
  return text && text.guess !== null ? `Accept ${text.guess}` : "Accept the guess";
}

function keyed(name) {
  const made = document.createElement("kbd");
  made.textContent = name;
  return made;
}

function button({ name, colour, description }, k, text) {
  const made = document.createElement("button"), title = document.createElement("span"), mark = document.createElement("i");
  made.type = "button";
  if (k >= 0) made.dataset.label = k;
  if (description) made.title = description;
  mark.className = "ph-label-mark";
  mark.style.background = colour;
  title.textContent = name ?? "no entity";
  made.append(k < 0 ? keyed("Del") : k < 9 ? keyed(k + 1) : "", mark, title);
  if (k >= 0 && shown.kind === "labels") made.setAttribute("aria-pressed", String(chosen.has(name)));
  if (["classes", "pairs"].includes(shown.kind) && text?.chosen.includes(name)) made.setAttribute("aria-pressed", "true");
  const share = k < 0 ? undefined : text?.shares?.[k];
  if (share !== undefined) {
    const bar = document.createElement("span"), fill = document.createElement("i"), figure = document.createElement("small");
    bar.className = "ph-label-bar";
    fill.style.width = `${100 * share}%`;
    fill.style.background = colour;
    bar.append(fill);
    figure.textContent = `${Math.round(100 * share)} %`;
    made.append(figure, bar);
    made.classList.toggle("ph-label-guess", name === text.guess);
  }
  return made;
}

/* Whether a key belongs to a field or a control outside the card. */
function typing(target) {
  if (target.isContentEditable || target.closest?.("textarea, select")) return true;
  const field = target.closest?.("input");
  return Boolean(field) && !["checkbox", "radio", "button", "range"].includes(field.type);
}

/* The key as its cap has it: in French the row of digits has letters, and other alphabets have no S. */
function cap({ key, code, shiftKey }) {
  if (/^[\x20-\x7e]$/.test(key) && !/^Digit/.test(code)) return key.toLowerCase();
  const [, kind, name] = /^(Digit|Key)(.)$/.exec(code ?? "") ?? [];
  return !name || /^[0-9]$/.test(key) || (kind === "Digit" && shiftKey) ? key : name.toLowerCase();
}

function keys(event) {
  if (!element.isConnected) { document.removeEventListener("keydown", keys); return; }
  const key = cap(event), { target, shiftKey } = event;
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || !shown || !visible()) return;
  if (document.querySelector("dialog[open]") || typing(target)) return;
  const free = target === document.body || target === document.documentElement || card.contains(target);
  const pressing = target.closest?.("button, a, summary, [role=tab]");
  if (key === "/" && !find.hidden) find.querySelector("input").focus();
  else if (key === "Enter" && free && !pressing) { if (!event.repeat) confirm(); }
  else if (key === "s") { if (!event.repeat) act("skip"); }
  else if (key === "u" || key === "Backspace") { if (!event.repeat) act("undo"); }
  else if (shown.kind === "spans" && shown.card && (free || !key.startsWith("Arrow")) && words.key({ key, shiftKey })) {}
  else if (shown.kind !== "spans" && /^[1-9]$/.test(key) && Number(key) <= shown.labels.length) { if (!event.repeat) pick(shown.labels[Number(key) - 1].name); }
  else return;
  event.preventDefault();
}
document.addEventListener("keydown", keys);

find.addEventListener("input", buttons);
find.addEventListener("keydown", (event) => {
  const first = part("buttons").querySelector("button[data-label]");
  if (event.key === "Escape") find.querySelector("input").value = "";
  else if (event.key !== "Enter") return;
  event.preventDefault();
  if (event.key === "Enter" && find.querySelector("input").value.trim() && first) {
    find.querySelector("input").value = "";
    pick(shown.labels[Number(first.dataset.label)].name);
  }
  buttons();
  card.focus({ preventScroll: true });
});
load();
