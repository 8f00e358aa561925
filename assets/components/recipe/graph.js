// A world as a graph: nodes by layers, arrows to what depends on them, its factors underneath.

import { say } from "../divergence/frame.js";
import { setFont } from "../run/canvas.js";

const FAINT = 0.3; // what does not belong to what is pointed at
const MOST_FACTORS = 7; // more are left out in the middle
const MOST_LAYERS = 7; // the same of layers
const LEAST = 0.5; // radius of a node that can still be read, in rem
export const STAR = "★"; // on factors that are learned

/** Draw a world into a box; what a hand may point at comes back, as boxes with keys. */
export function drawGraph(context, theme, box, panel, lit) {
  const { rem, of } = theme;
  const look = of[panel.role];
  say(context, theme, panel.title, box.left, box.top + rem, { align: "left", colour: look.text, weight: 600 });
  const words = shortened(panel.factors);
  const rows = wrapped(context, theme, words, box.right - box.left);
  const bottom = box.bottom - rows.length * 1.45 * rem;
  const room = { left: box.left, right: box.right, top: box.top + 1.5 * rem, bottom: bottom - 0.4 * rem };
  const places = placed(panel, room, rem);
  const { at } = places;
  for (const names of panel.joined) drawJoint(context, places, names, look);
  const drawn = new Set();
  for (const arrow of panel.arrows) {
    const ends = [at[arrow.from], at[arrow.to]].join();
    if (at[arrow.from] === at[arrow.to] || drawn.has(ends)) continue; // within what is left out
    drawn.add(ends);
    drawArrow(context, theme, places, arrow, look, lit);
  }
  for (const node of panel.nodes) {
    if (!places.holes.includes(at[node.id])) drawNode(context, theme, places, node, panel.role);
  }
  for (const [x, y] of places.holes) say(context, theme, "…", x, y + 0.3 * rem, { colour: look.text, weight: 600 });
  return rows.flatMap((row, i) => drawRow(context, theme, row, box.left, bottom + (i + 0.75) * 1.45 * rem, look, lit));
}

/** Whether something is to be drawn in full: nothing is pointed at, or it belongs to what is. */
export const isLit = (lit, key) => !lit || lit.includes(key);

function shortened(factors) {
  if (factors.length <= MOST_FACTORS) return factors;
  const rest = { text: "…", state: "", key: "" };
  return [...factors.slice(0, 3), rest, ...factors.slice(-2)];
}

// Factors in rows that fit, each with its width.
function wrapped(context, theme, factors, width) {
  setFont(context, theme);
  const space = context.measureText("  ").width;
  const rows = [[]];
  let used = 0;
  for (const factor of factors) {
    const text = factor.isLearned ? factor.text + STAR : factor.text;
    const wide = context.measureText(text).width;
    if (used > 0 && used + wide > width) {
      rows.push([]);
      used = 0;
    }
    rows.at(-1).push({ ...factor, text, x: used, wide });
    used += wide + space;
  }
  return rows;
}

function drawRow(context, theme, row, left, y, look, lit) {
  const { rem, of } = theme;
  return row.map(({ text, state, key, x, wide }) => {
    const start = left + x;
    context.globalAlpha = isLit(lit, key) ? 1 : FAINT;
    say(context, theme, text, start, y, { align: "left", colour: state ? of.bound.text : look.text, weight: lit && isLit(lit, key) ? 600 : 400 });
    if (state) strike(context, theme, start, start + wide, state === "cancels" ? y - 0.32 * rem : y + 0.3 * rem, state);
    context.globalAlpha = 1;
    return { left: start, right: start + wide, top: y - 1.1 * rem, bottom: y + 0.4 * rem, keys: [key], state };
  });
}

/** A line through what cancels, dots under what is a constant. */
export function strike(context, theme, from, to, y, state) {
  context.save();
  context.strokeStyle = state === "cancels" ? theme.text : theme.of.bound.colour;
  context.lineWidth = 0.12 * theme.rem;
  context.setLineDash(state === "cancels" ? [] : [2, 3]);
  context.beginPath();
  context.moveTo(from, y);
  context.lineTo(to, y);
  context.stroke();
  context.restore();
}

// Where nodes are: layers from left to right; low in the box where arrows have to pass over some.
// Of a long chain the middle is one place, `gap`, where dots stand for what is left out.
function placed(panel, room, rem) {
  const every = [];
  for (const node of panel.nodes) (every[node.layer] ??= []).push(node);
  const isLong = every.length > MOST_LAYERS;
  const fits = Math.max(3, Math.floor((room.bottom - room.top) / (2.3 * LEAST * rem)));
  const layers = (isLong ? [...every.slice(0, 3), [], ...every.slice(-3)] : every).map((nodes) => fewer(nodes, fits));
  const most = Math.max(...layers.map((layer) => layer.length));
  const wide = (room.right - room.left) / layers.length;
  const high = room.bottom - room.top;
  const slot = ({ layer }) => (!isLong || layer < 3 ? layer : Math.max(3, layer - every.length + layers.length));
  const layer = Object.fromEntries(panel.nodes.map((node) => [node.id, slot(node)]));
  const isBowed = most === 1 && panel.arrows.some((arrow) => layer[arrow.to] - layer[arrow.from] > 1);
  const radius = Math.max(LEAST * rem, Math.min(1.05 * rem, 0.36 * wide, (0.42 * high) / most));
  const middle = isBowed ? room.bottom - radius - 2 : (room.top + room.bottom) / 2;
  const gap = Math.min(high / most, 3.4 * radius);
  const at = {};
  const holes = [];
  // Layers of one node in a small graph stay close together.
  const step = Math.min(wide, 6 * rem);
  const across = (i) => (room.left + room.right - step * (layers.length - 1)) / 2 + i * step;
  layers.forEach((nodes, i) => {
    if (!nodes.length) holes.push([across(i), middle]);
    nodes.forEach((node, j) => {
      const place = [across(i), middle + (j - (nodes.length - 1) / 2) * gap];
      if (node) at[node.id] = place;
      else holes.push(place);
    });
  });
  // What is left out is where its dots are: those of its layer, or of all that is in the middle.
  for (const { id } of panel.nodes) at[id] ??= holes.find(([x]) => x === across(layer[id])) ?? holes[0];
  return { at, radius, layer, top: room.top, holes };
}

// The nodes of a layer, with dots for some in the middle where they are more than have room.
function fewer(nodes, fits) {
  return nodes.length > fits ? [...nodes.slice(0, fits - 2), null, ...nodes.slice(-1)] : nodes;
}

function drawArrow(context, theme, { at, radius, layer, top }, arrow, look, lit) {
  const { rem, of } = theme;
  const [from, to] = [at[arrow.from], at[arrow.to]];
  const span = layer[arrow.to] - layer[arrow.from];
  const isFlat = Math.abs(from[1] - to[1]) < 1;
  const bow = span < 1 ? -1.8 * radius : span > 1 && isFlat ? Math.min(2 * (from[1] - radius - top), 1.5 * radius * span) : span > 1 ? radius : 0;
  const turn = [(from[0] + to[0]) / 2, (from[1] + to[1]) / 2 - bow];
  const start = towards(from, turn, radius);
  const end = towards(to, turn, radius + 0.12 * rem);
  context.save();
  context.globalAlpha = isLit(lit, arrow.key) ? 1 : FAINT;
  context.strokeStyle = context.fillStyle = arrow.state ? of.bound.colour : look.colour;
  context.lineWidth = (arrow.isLearned ? 0.2 : 0.1) * rem;
  context.setLineDash(arrow.state ? of.bound.dash : look.dash.map((length) => 0.6 * length));
  context.beginPath();
  context.moveTo(...start);
  context.quadraticCurveTo(...turn, ...towards(end, turn, 0.4 * rem));
  context.stroke();
  head(context, turn, end, 0.55 * rem);
  context.restore();
}

function towards([x, y], [tx, ty], by) {
  const long = Math.hypot(tx - x, ty - y) || 1;
  return [x + ((tx - x) * by) / long, y + ((ty - y) * by) / long];
}

function head(context, [fx, fy], [x, y], size) {
  const angle = Math.atan2(y - fy, x - fx);
  context.beginPath();
  context.moveTo(x, y);
  for (const side of [-0.42, 0.42]) context.lineTo(x - size * Math.cos(angle + side), y - size * Math.sin(angle + side));
  context.fill();
}

// What one factor draws together has no arrow between it, and lies in one capsule.
function drawJoint(context, { at, radius }, names, look) {
  const [xs, ys] = [0, 1].map((axis) => names.map((name) => at[name][axis]));
  const [left, top] = [Math.min(...xs) - 1.3 * radius, Math.min(...ys) - 1.2 * radius];
  const [wide, high] = [Math.max(...xs) + 1.3 * radius - left, Math.max(...ys) + 1.2 * radius - top];
  context.save();
  context.fillStyle = look.colour;
  context.globalAlpha = 0.3;
  context.beginPath();
  context.roundRect(left, top, wide, high, 1.2 * radius);
  context.fill();
  context.restore();
}

// P is round and Q is square; what was added is hollow; what is at fault has a broken outline.
function drawNode(context, theme, { at, radius }, node, role) {
  const { rem } = theme;
  const look = theme.of[role];
  const [x, y] = at[node.id];
  context.beginPath();
  if (role === "dream") context.roundRect(x - 0.9 * radius, y - 0.9 * radius, 1.8 * radius, 1.8 * radius, 0.2 * radius);
  else context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = theme.paper;
  context.fill();
  context.globalAlpha = node.isAdded ? 0 : 0.25;
  context.fillStyle = look.colour;
  context.fill();
  context.globalAlpha = 1;
  context.lineWidth = (node.isAtFault ? 0.22 : 0.14) * rem;
  context.strokeStyle = node.isAtFault ? theme.text : look.colour;
  if (node.isAtFault) context.setLineDash([0.35 * rem, 0.2 * rem]);
  context.stroke();
  context.setLineDash([]);
  setFont(context, theme, 1, 600);
  const size = Math.min(1, (1.15 * radius) / rem, (1.6 * radius) / context.measureText(node.label).width);
  setFont(context, theme, Math.max(0.7, size), 600);
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = theme.text;
  context.fillText(node.label, x, y + 0.05 * rem);
}
