// A text field of Gradio hears keys alone: what is pasted, deleted, dropped or composed on a phone stays unread.
// Here each of those gets the key that it lacks.
() => {
  let pressed = false;
  const forget = () => { pressed = false };
  document.addEventListener("keypress", () => { pressed = true; setTimeout(forget) }, true);
  document.addEventListener("input", ({ target }) => {
    if (!pressed && target.dataset?.testid === "textbox") {
      target.dispatchEvent(new KeyboardEvent("keypress", { key: "Unidentified" }));
    }
  });
}
