/* Words of a text that are selected by mouse, touch or keys, and the typed spans over them, as word positions. */
function spanWords(line, aloud) {
  let data = { lead: "", words: [], gaps: [], types: [] }, spans = [], from = 0, to = 0, over = -1, tapped = -1, pressed = -1;
  const spanAt = (i) => spans.find(([first, last]) => first <= i && i <= last);
  const range = () => [Math.min(from, to), Math.max(from, to)];
  const typeOf = (span) => data.types.find(({ name }) => name === span[2]) ?? { colour: "#7A828C", line: "solid" };
  const all = () => [...line.querySelectorAll(".ph-word")];
  const focus = () => all()[to]?.focus({ preventScroll: true });

  function load(content) {
    data = content;
    spans = content.spans.map((span) => [...span]);
    const first = spans[0] ?? [0, 0];
    [from, to, over, tapped, pressed] = [first[0], first[1], -1, -1, -1];
    render();
  }

  /* Other types for the same text; the spans stay. */
  function types(now) {
    data = { ...data, types: now };
    render();
  }

  function render() {
    const parts = [];
    for (let i = 0; i < data.words.length; i++) {
      const span = spanAt(i);
      if (!span) { parts.push(word(i), data.gaps[i]); continue; }
      const mark = document.createElement("mark"), name = document.createElement("b");
      mark.className = "ph-entity";
      mark.dataset.type = span[2];
      mark.style.setProperty("--entity", typeOf(span).colour);
      mark.style.borderBottomStyle = typeOf(span).line;
      for (; i <= span[1]; i++) mark.append(word(i), i < span[1] ? data.gaps[i] : "");
      i = span[1];
      name.textContent = span[2];
      mark.append(name);
      parts.push(mark, data.gaps[i]);
    }
    line.replaceChildren(data.lead, ...parts);
    choose();
  }

  function word(i) {
    const made = document.createElement("span");
    made.className = "ph-word";
    made.dataset.i = i;
    made.setAttribute("role", "button");
    made.textContent = data.words[i];
    return made;
  }

  function choose() {
    const [first, last] = range();
    for (const made of all()) {
      const i = Number(made.dataset.i), inside = first <= i && i <= last;
      made.classList.toggle("ph-picked", inside);
      made.setAttribute("aria-pressed", String(inside));
      made.tabIndex = i === to ? 0 : -1;
    }
  }

  /* Give the selected words a type, or none. */
  function give(type) {
    if (!data.words.length) return;
    const [first, last] = range();
    spans = spans.filter((span) => span[1] < first || span[0] > last);
    if (type) spans.push([first, last, type]);
    spans.sort((a, b) => a[0] - b[0]);
    tapped = -1;
    render();
    aloud.textContent = `${data.words.slice(first, last + 1).join(" ")}: ${type ?? "no entity"}`;
    focus();
  }

  /* What a key does; false if it is none of these. */
  function key(event) {
    const right = getComputedStyle(line).direction === "rtl" ? -1 : 1;
    const step = { ArrowRight: right, ArrowDown: 1, ArrowLeft: -right, ArrowUp: -1 }[event.key], number = Number(event.key);
    if (step) {
      to = Math.max(0, Math.min(data.words.length - 1, to + step));
      if (!event.shiftKey) from = to;
      tapped = -1;
      choose();
      all()[to]?.focus();
    } else if (number >= 1 && number <= data.types.length) give(data.types[number - 1].name);
    else if (event.key === "Delete" || event.key === "0") give(null);
    else return false;
    return true;
  }

  function start(i, extend) {
    const span = spanAt(i);
    if (extend) to = i;
    else [from, to] = span ? [span[0], span[1]] : [i, i];
    choose();
    focus();
  }

  /* A finger cannot drag over words without scrolling: it taps the first and then the last. */
  function tap(i) {
    const extend = tapped >= 0 && !spanAt(i);
    if (extend) from = tapped;
    tapped = extend || spanAt(i) ? -1 : i;
    start(i, extend);
  }

  const at = (target) => { const found = target?.closest?.(".ph-word"); return found && line.contains(found) ? Number(found.dataset.i) : -1; };
  line.addEventListener("pointerdown", (event) => {
    const i = at(event.target);
    if (i < 0) return;
    if (event.pointerType === "touch") { pressed = i; return; }
    event.preventDefault();
    start(i, event.shiftKey);
    over = i;
  });
  line.addEventListener("pointermove", (event) => {
    if (over < 0) return;
    const i = at(document.elementFromPoint(event.clientX, event.clientY));
    if (i < 0 || i === over) return;
    to = over = i;
    choose();
  });
  line.addEventListener("pointercancel", () => { pressed = -1; });
  document.addEventListener("pointerup", (event) => {
    over = -1;
    if (pressed >= 0 && event.pointerType === "touch" && at(event.target) === pressed) tap(pressed);
    pressed = -1;
  });
  return { load, types, give, key, focus, spans: () => spans.map((span) => [...span]) };
}
