/* The state of the map: points, texts, groups, highlight, selection and view. */
const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
const floats = (text) => new Float32Array(bytes(text).buffer);
const integers = (text) => new Int32Array(bytes(text).buffer);
const { family, map: own } = element.querySelector(".ph-scatter").dataset;
const parsed = (text) => { try { return JSON.parse(text || "null"); } catch { return null; } };
const part = (name) => parsed(window.phScatter?.[`${own}/${name}`]);

const map = {
  stamp: null, drawn: null, size: 0, texts: [], places: [], rows: [], at: new Map(), after: new Float32Array(0), before: null, blend: 1,
  group: null, names: [], colours: [], symbols: [], hidden: new Set(), paintTitle: "",
  brightness: null, ringed: [], asked: -1, selected: new Set(), hovered: -1, focused: -1,
  view: { x: 0, y: 0, scale: 1 }, tool: "move", title: "",
};

function load() {
  const texts = parsed(props.value), points = part("points"), paint = part("paint"), highlight = part("highlight");
  // Texts, points and colours arrive separately; only those of the same set are drawn together.
  if (!texts || !points || texts.stamp !== points.stamp) return;
  const fresh = map.stamp !== texts.stamp, moved = fresh || map.drawn !== points.drawn;
  if (fresh) Object.assign(map, { selected: new Set(), hovered: -1, focused: -1, hidden: new Set(), brightness: null, ringed: [] });
  if (moved) {
    map.after = floats(points.points);
    map.before = points.before ? floats(points.before) : null;
    Object.assign(map, { stamp: texts.stamp, drawn: points.drawn, texts: texts.texts, size: map.after.length / 2, title: points.title });
    // Texts, groups and brightness belong to a sample of all sentences, points to a subset of that sample.
    const sample = texts.rows ? integers(texts.rows) : null;
    map.places = points.places ? integers(points.places) : Int32Array.from({ length: map.size }, (_, i) => i);
    map.rows = map.places.map((place) => (sample ? sample[place] : place));
    map.at = new Map(Array.from(map.rows, (row, i) => [row, i]));
    fit();
  }
  if (paint && paint.stamp === map.stamp) {
    const changed = map.paintTitle !== paint.title;
    Object.assign(map, { group: paint.group ? integers(paint.group) : null, names: paint.names, colours: paint.colours, symbols: paint.symbols, paintTitle: paint.title });
    if (changed) map.hidden = new Set();
  }
  const mine = highlight && highlight.stamp === map.stamp;
  map.brightness = mine && highlight.brightness ? bytes(highlight.brightness) : null;
  if (map.brightness) map.selected = new Set();
  map.asked = mine && map.at.has(highlight.asked) ? map.at.get(highlight.asked) : -1;
  map.ringed = mine ? highlight.rings.filter((row) => map.at.has(row)).map((row) => map.at.get(row)) : [];
  sprites.clear();
  describe();
  draw();
}

const groupOf = (i) => (map.group ? map.group[map.places[i]] : 0);
const visible = (i) => !map.hidden.has(groupOf(i));
const brightnessOf = (i) => map.brightness[map.places[i]] / 255;
const textOf = (i) => map.texts[map.places[i]] ?? "";
const mix = (i, axis) => {
  const now = map.after[2 * i + axis];
  return map.before ? map.before[2 * i + axis] * (1 - map.blend) + now * map.blend : now;
};
const screenX = (x) => (x - map.view.x) * map.view.scale + area.width / 2;
const screenY = (y) => area.height / 2 - (y - map.view.y) * map.view.scale;

function fit() {
  let [left, right, low, high] = [Infinity, -Infinity, Infinity, -Infinity];
  for (const places of map.before ? [map.after, map.before] : [map.after]) {
    for (let i = 0; i < map.size; i++) {
      left = Math.min(left, places[2 * i]); right = Math.max(right, places[2 * i]);
      low = Math.min(low, places[2 * i + 1]); high = Math.max(high, places[2 * i + 1]);
    }
  }
  const wide = Math.max(right - left, 1e-9), tall = Math.max(high - low, 1e-9), edge = 28;
  const scale = Math.min((area.width - 2 * edge) / wide, (area.height - 2 * edge) / tall);
  map.view = { x: (left + right) / 2, y: (low + high) / 2, scale: Math.max(Math.min(scale, 1e9), 1e-9) };
}

function zoom(factor, x = area.width / 2, y = area.height / 2) {
  const scale = Math.max(1e-6, map.view.scale * factor);
  map.view.x += (x - area.width / 2) * (1 / map.view.scale - 1 / scale);
  map.view.y -= (y - area.height / 2) * (1 / map.view.scale - 1 / scale);
  map.view.scale = scale;
  draw();
}

/* The point nearest to a position on the screen, at most `reach` pixels away; -1 for none. */
function nearestTo(x, y, reach) {
  let best = -1, least = reach * reach;
  for (let i = 0; i < map.size; i++) {
    const dx = screenX(mix(i, 0)) - x, dy = screenY(mix(i, 1)) - y, distance = dx * dx + dy * dy;
    if (distance <= least && visible(i)) { best = i; least = distance; }
  }
  return best;
}

/* The points inside a polygon of screen positions. */
function within(polygon) {
  const inside = [];
  for (let i = 0; i < map.size; i++) {
    if (!visible(i)) continue;
    const x = screenX(mix(i, 0)), y = screenY(mix(i, 1));
    let odd = false;
    for (let a = 0, b = polygon.length - 1; a < polygon.length; b = a++) {
      const [ax, ay] = polygon[a], [bx, by] = polygon[b];
      if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) odd = !odd;
    }
    if (odd) inside.push(i);
  }
  return inside;
}
