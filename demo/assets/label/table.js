/* A page of the table: what is ticked, accepted by a button or by its key; a button may have an answer for all of it. */
const SEEN = 500;  // milliseconds in which nobody has read the page that takes the place of an accepted one
let taken = false, since = 0;
watch("value", () => { if (taken) [taken, since] = [false, performance.now()]; });
const place = () => element.querySelector(".ph-label-table");
const ask = (kind, more) => trigger(kind, { number: phPanels.next(), project: place().dataset.project, ...more });
function accept(button) {
  if (performance.now() - since < SEEN) return;
  taken = true;
  const boxes = [...place().querySelectorAll("input[data-number]:checked")];
  const ticked = boxes.map((box) => [Number(box.dataset.number), button.dataset.answer ?? JSON.parse(box.dataset.answer)]);
  ask("accept", { ticked, page: Number(place().dataset.page) });
}
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.act === "accept") accept(button);
  else if (button?.dataset.page) ask("turn", { page: Number(button.dataset.page) });
});
function keys(event) {
  if (!element.isConnected) { document.removeEventListener("keydown", keys); return; }
  if (event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey || !place()?.checkVisibility({ visibilityProperty: true })) return;
  const field = event.target.closest?.("textarea, select, [contenteditable], input:not([type=checkbox]):not([type=radio])");
  const key = /^Digit[1-9]$/.test(event.code) && !event.shiftKey ? event.code.slice(5) : event.key.toLowerCase();
  const button = [...place().querySelectorAll("button[data-key]")].find((one) => one.dataset.key === key);
  if (field || !button) return;
  event.preventDefault();
  accept(button);
}
document.addEventListener("keydown", keys);
