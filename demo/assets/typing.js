// A text field of Gradio reacts to keys only: it misses text that is pasted, deleted, dropped or composed on a phone.
// This script sends a key event for each of those.
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
