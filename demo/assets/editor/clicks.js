/* Buttons and choices inside a result tell Python which text, task and answer they stand for. */
element.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (button) trigger(button.dataset.act === "forget" ? "forget" : "correct", { ...button.dataset });
});
element.addEventListener("change", (event) => {
  const select = event.target.closest("select[data-row]");
  if (select) trigger("correct", { ...select.dataset, label: select.value });
});
