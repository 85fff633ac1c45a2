/* Drawing of the map: one sprite for each appearance of a point, copied to its position. */
const area = { width: 600, height: 440, ratio: 1 };
const canvas = element.querySelector("canvas");
const paper = canvas.getContext("2d");
const sprites = new Map();
let path = [], asked = false;

const shapes = {
  circle: (p, r) => p.arc(0, 0, r, 0, 2 * Math.PI),
  square: (p, r) => p.rect(-0.88 * r, -0.88 * r, 1.76 * r, 1.76 * r),
  diamond: (p, r) => corners(p, [[0, -1.25 * r], [1.25 * r, 0], [0, 1.25 * r], [-1.25 * r, 0]]),
  cross: (p, r) => corners(p, [[-0.4, -1.1], [0.4, -1.1], [0.4, -0.4], [1.1, -0.4], [1.1, 0.4], [0.4, 0.4], [0.4, 1.1], [-0.4, 1.1], [-0.4, 0.4],
    [-1.1, 0.4], [-1.1, -0.4], [-0.4, -0.4]].map(([x, y]) => [x * r, y * r])),
  x: (p, r) => { p.rotate(Math.PI / 4); shapes.cross(p, r); p.rotate(-Math.PI / 4); },
  "triangle-up": (p, r) => corners(p, [[0, -1.2 * r], [1.15 * r, 0.9 * r], [-1.15 * r, 0.9 * r]]),
  "triangle-down": (p, r) => corners(p, [[0, 1.2 * r], [1.15 * r, -0.9 * r], [-1.15 * r, -0.9 * r]]),
  star: (p, r) => corners(p, Array.from({ length: 10 }, (_, k) => {
    const reach = (k % 2 ? 0.55 : 1.35) * r, angle = (k * Math.PI) / 5 - Math.PI / 2;
    return [reach * Math.cos(angle), reach * Math.sin(angle)];
  })),
};
function corners(p, places) { places.forEach(([x, y], k) => (k ? p.lineTo(x, y) : p.moveTo(x, y))); p.closePath(); }

const style = (name, other) => getComputedStyle(element).getPropertyValue(name).trim() || other;
const radius = () => (map.size <= 200 ? 6 : map.size <= 2000 ? 4.5 : 3);

function sprite(colour, symbol, grow) {
  const key = `${colour} ${symbol} ${grow} ${area.ratio}`;
  if (sprites.has(key)) return sprites.get(key);
  const r = radius() * grow, half = Math.ceil(1.5 * r) + 2, made = document.createElement("canvas");
  made.width = made.height = 2 * half * area.ratio;
  const p = made.getContext("2d");
  p.scale(area.ratio, area.ratio);
  p.translate(half, half);
  p.beginPath();
  shapes[symbol](p, r);
  p.fillStyle = colour;
  p.fill("nonzero");
  if (map.size <= 2000) { p.lineWidth = 1; p.strokeStyle = style("--background-fill-primary", "#fff"); p.stroke(); }
  sprites.set(key, { made, half });
  return sprites.get(key);
}

function draw() {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    if (plate) slide();
    else paint(paper, area.ratio);
  });
}

/* While many points are dragged, an image of them with a margin is moved instead of the points. */
const MANY = 1500, MARGIN = 0.5;
let plate = null;
function lift() {
  if (map.size < MANY) return;
  const made = plate?.made ?? document.createElement("canvas"), { width, height } = area;
  const wide = width * (1 + 2 * MARGIN), tall = height * (1 + 2 * MARGIN);
  made.width = wide * area.ratio;
  made.height = tall * area.ratio;
  Object.assign(area, { width: wide, height: tall });
  paint(made.getContext("2d"), area.ratio);
  Object.assign(area, { width, height });
  plate = { made, x: map.view.x, y: map.view.y };
}
function slide() {
  let x = (plate.x - map.view.x) * map.view.scale, y = (map.view.y - plate.y) * map.view.scale;
  if (Math.abs(x) > MARGIN * area.width || Math.abs(y) > MARGIN * area.height) { lift(); x = y = 0; }
  paper.setTransform(1, 0, 0, 1, 0, 0);
  paper.clearRect(0, 0, canvas.width, canvas.height);
  paper.globalAlpha = 1;
  paper.drawImage(plate.made, (x - MARGIN * area.width) * area.ratio, (y - MARGIN * area.height) * area.ratio);
}

function paint(p, ratio) {
  p.setTransform(ratio, 0, 0, ratio, 0, 0);
  p.clearRect(0, 0, area.width, area.height);
  const marked = [];
  for (let i = 0; i < map.size; i++) {
    if (!visible(i)) continue;
    const x = screenX(mix(i, 0)), y = screenY(mix(i, 1));
    if (x < -12 || y < -12 || x > area.width + 12 || y > area.height + 12) continue;
    const special = map.selected.has(i) || i === map.hovered || i === map.focused;
    if (special) { marked.push(i); continue; }
    const lit = map.brightness ? brightnessOf(i) : null;
    const shown = lit === null ? (map.selected.size ? 0.3 : 0.9) : 0.08 + 0.92 * lit;
    point(p, i, x, y, shown, lit !== null && lit > 0.6 ? 1.25 : 1);
  }
  if (map.before) moves(p, marked);
  for (const i of marked) point(p, i, screenX(mix(i, 0)), screenY(mix(i, 1)), 1, 1.25);
  p.globalAlpha = 1;
  p.strokeStyle = style("--body-text-color", "#111");
  for (const i of map.ringed) if (visible(i)) ring(p, i, 1.5, []);
  if (map.asked >= 0) ring(p, map.asked, 3.5, []);
  p.lineWidth = 2;
  if (map.hovered >= 0) ring(p, map.hovered, 2, []);
  if (map.focused >= 0) ring(p, map.focused, 2, [3, 2]);
  if (map.size <= 15) numbers(p);
  if (path.length > 1) lasso(p);
}

function point(p, i, x, y, opacity, grow) {
  const group = groupOf(i), { made, half } = sprite(map.colours[group] ?? "#0072B2", map.symbols[group] ?? "circle", grow);
  p.globalAlpha = opacity;
  p.drawImage(made, x - half, y - half, 2 * half, 2 * half);
}

function ring(p, i, wide, dashes) {
  p.lineWidth = wide;
  p.setLineDash(dashes);
  p.beginPath();
  p.arc(screenX(mix(i, 0)), screenY(mix(i, 1)), 1.25 * radius() + 4, 0, 2 * Math.PI);
  p.stroke();
  p.setLineDash([]);
}

/* Lines from the position before to the position after: of marked sentences, or of the few that moved most. */
function moves(p, marked) {
  const far = (i) => Math.hypot(map.after[2 * i] - map.before[2 * i], map.after[2 * i + 1] - map.before[2 * i + 1]);
  let shown = marked;
  if (!shown.length) {
    if (map.farthest?.drawn !== map.drawn) {
      const order = Array.from({ length: map.size }, (_, i) => i).sort((a, b) => far(b) - far(a));
      map.farthest = { drawn: map.drawn, points: order.slice(0, 12) };
    }
    shown = map.farthest.points.filter(visible);
  }
  p.globalAlpha = 0.65;
  p.lineWidth = 1.25;
  for (const i of shown) {
    p.strokeStyle = map.colours[groupOf(i)] ?? "#0072B2";
    p.beginPath();
    p.moveTo(screenX(map.before[2 * i]), screenY(map.before[2 * i + 1]));
    p.lineTo(screenX(map.after[2 * i]), screenY(map.after[2 * i + 1]));
    p.stroke();
  }
}

function numbers(p) {
  p.globalAlpha = 1;
  p.fillStyle = style("--body-text-color", "#111");
  p.font = "11px IBM Plex Sans, sans-serif";
  p.textAlign = "center";
  for (let i = 0; i < map.size; i++) if (visible(i)) p.fillText(String(map.rows[i] + 1), screenX(mix(i, 0)), screenY(mix(i, 1)) - 11);
}

function lasso(p) {
  p.globalAlpha = 1;
  p.strokeStyle = style("--body-text-color", "#111");
  p.fillStyle = "rgba(0, 114, 178, 0.12)";
  p.lineWidth = 1.5;
  p.setLineDash([5, 4]);
  p.beginPath();
  path.forEach(([x, y], k) => (k ? p.lineTo(x, y) : p.moveTo(x, y)));
  p.closePath();
  p.fill();
  p.stroke();
  p.setLineDash([]);
}

function resize() {
  const box = canvas.getBoundingClientRect();
  if (!box.width || !box.height) return;
  const first = area.width !== box.width || area.height !== box.height;
  Object.assign(area, { width: box.width, height: box.height, ratio: Math.min(window.devicePixelRatio || 1, 2) });
  canvas.width = Math.round(area.width * area.ratio);
  canvas.height = Math.round(area.height * area.ratio);
  sprites.clear();
  if (first && map.size) fit();
  draw();
}

/* An image of the map with its title and legend, with twice the resolution of the screen. */
function picture() {
  const rows = map.names.filter((_, g) => !map.hidden.has(g)), line = 20, top = 36, ratio = 2;
  const made = document.createElement("canvas"), p = made.getContext("2d");
  made.width = area.width * ratio;
  made.height = (area.height + top + line * rows.length + 16) * ratio;
  p.fillStyle = style("--background-fill-primary", "#fff");
  p.fillRect(0, 0, made.width, made.height);
  const inner = document.createElement("canvas");
  [inner.width, inner.height] = [area.width * ratio, area.height * ratio];
  const before = area.ratio;
  area.ratio = ratio;
  sprites.clear();
  paint(inner.getContext("2d"), ratio);
  p.drawImage(inner, 0, top * ratio);
  p.setTransform(ratio, 0, 0, ratio, 0, 0);
  p.fillStyle = style("--body-text-color", "#111");
  p.font = "bold 15px IBM Plex Sans, sans-serif";
  p.fillText(map.title, 16, 24);
  p.font = "13px IBM Plex Sans, sans-serif";
  let y = area.height + top + 8;
  map.names.forEach((name, g) => {
    if (map.hidden.has(g)) return;
    const { made: mark, half } = sprite(map.colours[g], map.symbols[g], 1);
    p.drawImage(mark, 24 - half, y - half, 2 * half, 2 * half);
    p.fillText(name, 40, y + 4);
    y += line;
  });
  area.ratio = before;
  sprites.clear();
  draw();
  made.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = "map.png";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  });
}
