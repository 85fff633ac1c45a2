// Marks results whose inputs have changed since the request that produced them; see demo/tabs/panels.py.
() => {
  const panels = {}, shown = (window.phShown ??= {});
  let serial = 0;
  const panel = (name) => (panels[name] ??= { after: "", own: "", edits: 0, sent: "", good: "", failed: "" });
  const style = document.head.appendChild(document.createElement("style"));

  // cyrb53: a 53-bit hash of a text.
  function hash(text) {
    let a = 0xdeadbeef, b = 0x41c6ce57;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      a = Math.imul(a ^ code, 2654435761);
      b = Math.imul(b ^ code, 1597334677);
    }
    a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909);
    b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909);
    return (4294967296 * (2097151 & b) + (a >>> 0)).toString(36);
  }
  // A field that was never shown has no value yet; it counts as empty.
  const fingerprint = (name, values) => hash(JSON.stringify([panel(name).edits, ...values.map((value) => value ?? "")]));
  const joined = (base, own) => (base ? `${base} ${own}` : own);
  const current = ({ after, own }) => joined(after && current(panel(after)), own);
  const isPending = (p) => (p.sent === current(p) && p.sent !== p.good && p.sent !== p.failed) || (p.after !== "" && isPending(panel(p.after)));

  function mark() {
    const outdated = { pending: [], changed: [] };
    for (const [name, value] of Object.entries(shown)) {
      const p = panel(name);
      if (value.startsWith("!")) p.failed = value.slice(1);
      else p.good = value;
      if (p.good && p.good !== current(p)) outdated[isPending(p) ? "pending" : "changed"].push(name);
    }
    const names = [...outdated.pending, ...outdated.changed];
    const rule = (list, text) => {
      const places = `:is(${list.map((name) => `.ph-panel-${name}`).join(", ")})`;
      return list.length ? `${places} { animation: ph-outdated .15s .2s both; } ${places}::after { content: "${text}"; }` : "";
    };
    style.textContent = rule(outdated.pending, "Updating …") + rule(outdated.changed, "Out of date");
    document.documentElement.dataset.outdated = names.join(" ");
    for (const place of document.querySelectorAll("[class*=ph-panel-]")) {
      place.setAttribute("aria-busy", String(names.some((name) => place.classList.contains(`ph-panel-${name}`))));
    }
  }

  window.phPanels = {
    mark,
    next: () => ++serial,
    changed(name, values) { panel(name).own = fingerprint(name, values); mark(); },
    edited(name) { panel(name).own = `edited ${++panel(name).edits}`; mark(); },
    request(name, after, places, values) {
      const p = panel(name);
      const number = ++serial;
      p.own = places ? fingerprint(name, places.map((place) => values[place])) : String(number);
      p.after = after;
      p.number = number;
      p.sent = joined(after && (values[2].startsWith("!") ? panel(after).good : values[2]), p.own);
      values[1] = `${number}|${p.sent}`;
      mark();
      return values;
    },
    // Of what follows by itself: it belongs to the latest request, and is none.
    refresh(name, values) {
      values[1] = String(panel(name).number ?? 0);
      return values;
    },
  };
  mark();
}
