/* The card of one text: what is shown, what was asked of the server, and the way back of a late answer. */
const card = element.querySelector(".ph-label-card");
const line = element.querySelector(".ph-label-text");
const aloud = element.querySelector("[aria-live]");
const problem = element.querySelector(".ph-problem");
const find = element.querySelector(".ph-label-find");
const words = spanWords(line, aloud);
const LATE = 6000;  // milliseconds without an answer until the card says so
const FRAMES = 30;  // in which a card that is drawn must be seen to take the keys
const DOUBLE = 500;  // milliseconds in which the second half of a double click comes
let shown = null, chosen = new Set(), pending = null, late = 0, idle = 0, since = 0;

const parsed = (text) => { try { return JSON.parse(text || "null"); } catch { return null; } };
const part = (name) => element.querySelector(`.ph-label-${name}`);

function load() {
  const next = parsed(props.value);
  if (!next || (next.problem && !shown)) return;  // a problem is one of a card, and this one is still empty
  const first = !shown || shown.project !== next.project || !next.number, fresh = first || next.anew;
  // A late answer shows nothing: the browser numbers what it asks, and only the newest is waited for.
  if (!first && (next.number <= shown.number || (pending && next.number < pending.number))) return;
  const mine = card.contains(document.activeElement), unsaved = fresh ? kept(next.project) : null;
  pending = null;
  keep(null);
  clearTimeout(late);
  card.removeAttribute("aria-busy");
  if (next.problem) { refused(next); return; }
  shown = next;
  window.phOpened = true;
  window.phFirstProject = "";
  since = performance.now();
  complain("", false);
  render();
  if (mine) card.focus({ preventScroll: true });
  else if (fresh) focusWhenSeen(FRAMES);
  const { card: text, done } = next;
  if (next.said) aloud.textContent = `${next.said} ${text ? [text.content, text.other].filter(Boolean).join(" / ") : done}`;
  // What this browser asked before the server was lost and the page was loaded again; twice is as once.
  if (unsaved && next.card) { ask(unsaved); return; }
  clearTimeout(idle);
  // The figures beside the card are asked for when the hand rests, so that they never delay the next card.
  idle = setTimeout(() => { if (element.isConnected) trigger("idle", { project: shown.project }); }, fresh ? 0 : 700);
}

/* The card of a project that opens may be drawn before its place is shown. */
function focusWhenSeen(frames) {
  if (visible()) {
    card.focus({ preventScroll: true });
    if (card.getBoundingClientRect().top < 0) card.scrollIntoView();  // it was opened from far down in the list
  } else if (frames && element.isConnected) requestAnimationFrame(() => focusWhenSeen(frames - 1));
}

/* What was asked could not be done: the card stays, also what is marked or ticked, with labels and answer as they are now. */
function refused(next) {
  shown.number = next.number;
  if (next.card && next.card.text === shown.card?.text) {
    shown = next;
    chosen = new Set([...chosen].filter((name) => shown.labels.some((label) => label.name === name)));
    if (shown.kind === "spans") words.types(shown.labels);
    part("counts").textContent = shown.counts;
    buttons();
  }
  complain(next.problem, false);
}

function render() {
  const { card: text, kind } = shown;
  card.dataset.kind = kind;
  part("reason").textContent = text?.reason ?? "";
  part("counts").textContent = shown.counts;
  part("said").textContent = shown.said;
  part("done").hidden = Boolean(text);
  part("done").textContent = shown.done;
  for (const name of ["texts", "buttons"]) part(name).hidden = !text;
  for (const name of ["question", "second"]) part(name).hidden = kind !== "pairs" || !text;
  part("second").textContent = text?.other ?? "";
  part("cosine").textContent = text?.cosine ?? "";
  find.hidden = !text || shown.labels.length <= 9;
  chosen = new Set(text?.chosen ?? []);
  if (!text) line.replaceChildren();
  else if (kind === "spans") words.load({ ...text, types: shown.labels });
  else line.textContent = text.content;
  line.scrollTop = part("second").scrollTop = 0;
  find.querySelector("input").value = "";
  buttons();
}

function complain(sentence, again) {
  problem.hidden = !sentence;
  problem.querySelector("span").textContent = sentence;
  problem.querySelector("button").hidden = !again;
}

/* One question at a time: keys that come before the next text is there would label a text that nobody has seen. */
function act(kind, answer) {
  if (pending || !shown || (!shown.card && kind !== "undo")) return;
  ask({
    kind, text: shown.card?.text ?? null, why: shown.card?.why ?? null, answer: answer ?? null,
    before: shown.card?.answer ?? null, last: shown.last,
  });
}
function ask(what) {
  pending = { by: shown.by, ...what, project: shown.project, number: phPanels.next() };
  keep(what.kind === "undo" ? null : pending);
  send();
}
function keep(what) {
  try { what ? sessionStorage.setItem("ph-label", JSON.stringify(what)) : sessionStorage.removeItem("ph-label"); } catch { /* no storage */ }
}
function kept(project) {
  try {
    const found = JSON.parse(sessionStorage.getItem("ph-label") || "null");
    return found?.project === project ? found : null;
  } catch { return null; }
}
function send() {
  complain("", false);
  card.setAttribute("aria-busy", "true");
  clearTimeout(idle);
  clearTimeout(late);
  late = setTimeout(lost, LATE);
  trigger("act", pending);
}
function lost() {
  if (!pending || !element.isConnected) return;
  complain("The server has not answered yet. What you chose is kept here until it does.", true);
}
document.addEventListener("ph-label-lost", lost);

function confirm() {
  if (!shown?.card) return;
  if (shown.kind === "spans") act("answer", words.spans());
  else if (shown.kind === "labels") act("answer", shown.labels.map(({ name }) => name).filter((name) => chosen.has(name)));
  else if (shown.card.guess !== null) act("answer", shown.card.guess);
  else aloud.textContent = part("said").textContent = "There is no guess. Choose a label.";
}

function pick(name) {
  if (!shown?.card) return;
  if (shown.kind === "spans") words.give(name);
  else if (shown.kind !== "labels") act("answer", name);
  else {
    chosen.has(name) ? chosen.delete(name) : chosen.add(name);
    aloud.textContent = `${name}: ${chosen.has(name) ? "chosen" : "not chosen"}`;
    buttons();
  }
}

const visible = () => element.isConnected && card.checkVisibility({ visibilityProperty: true });
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  // The second half of a double click would be for a text that nobody has seen.
  if (!button || (event.detail > 1 && performance.now() - since < DOUBLE)) return;
  const { act: what, label } = button.dataset;
  if (what === "again") { if (pending) send(); }
  else if (what === "accept") confirm();
  else if (what) act(what);
  else if (label !== undefined) pick(shown.labels[Number(label)].name);
  else words.give(null);
});
watch("value", load);
