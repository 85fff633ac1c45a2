/* Pointer, wheel and keys, and the parts around the canvas: tools, legend, tooltip and spoken text. */
const root = element.querySelector(".ph-scatter");
const tip = element.querySelector(".ph-scatter-tip");
const legend = element.querySelector(".ph-scatter-legend");
const aloud = element.querySelector("[aria-live]");
const slider = element.querySelector(".ph-scatter-blend");
const pointers = new Map();
let pressed = null, pinch = 0;

const place = (event) => { const box = canvas.getBoundingClientRect(); return [event.clientX - box.left, event.clientY - box.top]; };
const tell = (kind, points) => document.dispatchEvent(new CustomEvent("ph-scatter", {
  detail: { from: element, family, kind, rows: points.map((i) => map.rows[i]) },
}));

function describe() {
  const groups = map.names.length ? `, coloured by ${map.paintTitle}: ${map.names.slice(0, 12).join(", ")}` : "";
  canvas.setAttribute("aria-label", map.size
    ? `${map.title}${groups}. Arrow keys move between points, Enter lists the nearest sentences, Space selects, plus and minus zoom, Escape clears.`
    : "Map of sentences, empty.");
  element.querySelector(".ph-scatter-title").textContent = map.title;
  element.querySelector(".ph-scatter-empty").hidden = map.size > 0;
  slider.hidden = !map.before;
  legend.replaceChildren(...map.names.map((name, g) => entry(name, g)));
}

function entry(name, g) {
  const item = document.createElement("li"), button = document.createElement("button"), mark = document.createElement("canvas");
  mark.width = mark.height = 28;
  const p = mark.getContext("2d");
  p.translate(14, 14);
  p.beginPath();
  shapes[map.symbols[g]](p, 9);
  p.fillStyle = map.colours[g];
  p.fill("nonzero");
  const label = document.createElement("span");
  label.textContent = name;
  button.type = "button";
  button.setAttribute("aria-pressed", String(!map.hidden.has(g)));
  button.title = "Show or hide";
  button.append(mark, label);
  button.addEventListener("click", () => {
    map.hidden.has(g) ? map.hidden.delete(g) : map.hidden.add(g);
    button.setAttribute("aria-pressed", String(!map.hidden.has(g)));
    draw();
  });
  item.append(button);
  return item;
}

function point_at(i, from) {
  if (i === map.hovered) return;
  map.hovered = i;
  tip.hidden = i < 0;
  if (i >= 0) {
    const name = map.names[groupOf(i)];
    tip.replaceChildren();
    const head = document.createElement("b");
    head.textContent = `${map.rows[i] + 1}${name ? `  ${name}` : ""}`;
    tip.append(head, document.createTextNode(textOf(i)));
    const x = screenX(mix(i, 0)), y = screenY(mix(i, 1));
    tip.style.left = `${Math.max(4, Math.min(x + 14, area.width - tip.offsetWidth - 4))}px`;
    tip.style.top = `${y + 16 + tip.offsetHeight > area.height ? y - tip.offsetHeight - 12 : y + 16}px`;
  }
  if (from === "here") tell("hover", i < 0 ? [] : [i]);
  draw();
}

function choose(points) {
  map.selected = new Set(points);
  tell("choose", points);
  trigger("lasso", { rows: points.map((i) => map.rows[i]), stamp: map.stamp, number: phPanels.next() });
  draw();
}

function pick(i) {
  map.selected = new Set([i]);
  tell("choose", [i]);
  trigger("pick", { row: map.rows[i], stamp: map.stamp });
  draw();
}

canvas.addEventListener("pointerdown", (event) => {
  canvas.setPointerCapture(event.pointerId);
  pointers.set(event.pointerId, place(event));
  if (pointers.size === 2) { pinch = spread(); path = []; pressed = plate = null; return; }
  const [x, y] = place(event);
  pressed = { x, y, view: { ...map.view }, moved: false };
  if (map.tool === "lasso" || event.shiftKey) path = [[x, y]];
});
canvas.addEventListener("pointermove", (event) => {
  const [x, y] = place(event);
  if (pointers.has(event.pointerId)) pointers.set(event.pointerId, [x, y]);
  if (pointers.size === 2) { const now = spread(); zoom(now / pinch, ...middle()); pinch = now; return; }
  if (!pressed) { point_at(nearestTo(x, y, 14), "here"); return; }
  if (!pressed.moved && Math.hypot(x - pressed.x, y - pressed.y) > 4) {
    pressed.moved = true;
    if (!path.length) { point_at(-1, "here"); lift(); }
  }
  if (path.length) {
    const [lastX, lastY] = path[path.length - 1];
    if (Math.hypot(x - lastX, y - lastY) > 3) path.push([x, y]);
  } else if (pressed.moved) {
    map.view.x = pressed.view.x - (x - pressed.x) / map.view.scale;
    map.view.y = pressed.view.y + (y - pressed.y) / map.view.scale;
  }
  draw();
});
const spread = () => { const [a, b] = [...pointers.values()]; return Math.max(1, Math.hypot(a[0] - b[0], a[1] - b[1])); };
const middle = () => { const [a, b] = [...pointers.values()]; return [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]; };
function release(event) {
  pointers.delete(event.pointerId);
  if (!pressed) return;
  plate = null;
  const [x, y] = place(event), polygon = path, still = !pressed.moved;
  pressed = null;
  path = [];
  if (event.type === "pointercancel") { draw(); return; }
  if (still) { const i = nearestTo(x, y, 14); i >= 0 ? pick(i) : map.selected.size && choose([]); }
  else if (polygon.length > 2) choose(within(polygon));
  draw();
}
canvas.addEventListener("pointerup", release);
canvas.addEventListener("pointercancel", release);
canvas.addEventListener("pointerleave", () => pressed || point_at(-1, "here"));
canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  point_at(-1, "here");
  zoom(Math.exp(-event.deltaY * 0.0015), ...place(event));
}, { passive: false });

/* The next point in a direction: near, and more ahead than to the side. */
function ahead(dx, dy) {
  const here = map.focused, x = screenX(mix(here, 0)), y = screenY(mix(here, 1));
  let best = -1, least = Infinity;
  for (let i = 0; i < map.size; i++) {
    if (i === here || !visible(i)) continue;
    const ux = screenX(mix(i, 0)) - x, uy = screenY(mix(i, 1)) - y;
    const along = ux * dx + uy * dy, aside = Math.abs(ux * dy - uy * dx);
    if (along <= 0.01 || aside > 2 * along) continue;
    const cost = along + 2 * aside;
    if (cost < least) { least = cost; best = i; }
  }
  return best;
}
function step(i) {
  if (i < 0) return;
  map.focused = i;
  const x = screenX(mix(i, 0)), y = screenY(mix(i, 1));
  if (x < 20 || x > area.width - 20) map.view.x = mix(i, 0);
  if (y < 20 || y > area.height - 20) map.view.y = mix(i, 1);
  point_at(i, "here");
  const name = map.names[groupOf(i)];
  aloud.textContent = `Sentence ${map.rows[i] + 1}${name ? `, ${name}` : ""}: ${textOf(i)}`;
}
const first = () => nearestTo(area.width / 2, area.height / 2, Infinity);
const arrows = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
canvas.addEventListener("keydown", (event) => {
  if (!map.size || event.ctrlKey || event.metaKey || event.altKey) return;
  const key = event.key, here = map.focused;
  if (arrows[key]) step(here < 0 ? first() : ahead(...arrows[key]));
  else if (key === "Home") step(map.at.get(Math.min(...map.rows)) ?? 0);
  else if (key === "Enter" && here >= 0) pick(here);
  else if (key === " " && here >= 0) {
    const next = new Set(map.selected);
    next.has(here) ? next.delete(here) : next.add(here);
    choose([...next]);
  } else if (key === "+" || key === "=") zoom(1.25);
  else if (key === "-") zoom(0.8);
  else if (key === "0") { fit(); draw(); }
  else if (key === "Escape") { map.focused = -1; point_at(-1, "here"); if (map.selected.size) choose([]); }
  else return;
  event.preventDefault();
});
canvas.addEventListener("blur", () => { map.focused = -1; point_at(-1, "here"); draw(); });

element.querySelector(".ph-scatter-tools").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  const act = button.dataset.act;
  if (act === "in") zoom(1.4);
  else if (act === "out") zoom(1 / 1.4);
  else if (act === "fit") { fit(); draw(); }
  else if (act === "picture") picture();
  else {
    map.tool = act;
    for (const other of root.querySelectorAll("[aria-pressed][data-act]")) other.setAttribute("aria-pressed", String(other === button));
    canvas.classList.toggle("ph-lasso", act === "lasso");
  }
});
slider.querySelector("input").addEventListener("input", (event) => { map.blend = Number(event.target.value); draw(); });
document.addEventListener("ph-scatter", ({ detail }) => {
  if (detail.from === element || detail.family !== family || !element.isConnected) return;
  const points = detail.rows.filter((row) => map.at.has(row)).map((row) => map.at.get(row));
  if (detail.kind === "hover") point_at(points[0] ?? -1, "there");
  else { map.selected = new Set(points); draw(); }
});

new ResizeObserver(resize).observe(canvas);
new MutationObserver(() => { sprites.clear(); draw(); }).observe(document.body, { attributes: true, attributeFilter: ["class"] });
watch("value", load);
document.addEventListener("ph-scatter-part", ({ detail }) => { if (detail === own && element.isConnected) load(); });
element.scatter = map;
resize();
load();
