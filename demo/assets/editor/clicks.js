/* Events for buttons and choices inside a result, with the result, text, task and label that they belong to; where
   several labels can be ticked, with all that are. */
const told = (control) => ({ ...control.dataset, stamp: control.closest("[data-stamp]")?.dataset.stamp });
const ticked = (control) => {
  const set = control.closest("[data-set]");
  return set ? { labels: [...set.querySelectorAll("input:checked")].map((box) => box.value) } : {};
};
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (button) trigger(button.dataset.act === "forget" ? "forget" : "correct", { ...told(button), ...ticked(button) });
});
element.addEventListener("change", (event) => {
  const select = event.target.closest("select[data-row]");
  if (select) trigger("correct", { ...told(select), label: select.value });
});
