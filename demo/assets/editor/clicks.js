/* Events for buttons and choices inside a result, with the result, text, task and label that they belong to. */
const told = (control) => ({ ...control.dataset, stamp: control.closest("[data-stamp]")?.dataset.stamp });
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (button) trigger(button.dataset.act === "forget" ? "forget" : "correct", told(button));
});
element.addEventListener("change", (event) => {
  const select = event.target.closest("select[data-row]");
  if (select) trigger("correct", { ...told(select), label: select.value });
});
