/* A page of the table: what is ticked, accepted by a button or by the key A. */
const SEEN = 500;  // milliseconds in which nobody has read the page that takes the place of an accepted one
let taken = false, since = 0;
watch("value", () => { if (taken) [taken, since] = [false, performance.now()]; });
const place = () => element.querySelector(".ph-label-table");
const ask = (kind, more) => trigger(kind, { number: phPanels.next(), ...more });
function accept() {
  if (performance.now() - since < SEEN) return;
  taken = true;
  const ticked = [...place().querySelectorAll("input[data-number]:checked")].map((box) => [Number(box.dataset.number), JSON.parse(box.dataset.answer)]);
  ask("accept", { ticked, page: Number(place().dataset.page) });
}
element.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.act === "accept") accept();
  else if (button?.dataset.page) ask("turn", { page: Number(button.dataset.page) });
});
function keys(event) {
  if (!element.isConnected) { document.removeEventListener("keydown", keys); return; }
  if (event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey || !place()?.checkVisibility()) return;
  const field = event.target.closest?.("textarea, select, [contenteditable], input:not([type=checkbox]):not([type=radio])");
  if (field || event.key.toLowerCase() !== "a") return;
  event.preventDefault();
  accept();
}
document.addEventListener("keydown", keys);
