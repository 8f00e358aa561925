// The four steps of the recipe: three graphs and the objective that they lead to.

import { say } from "../divergence/frame.js";
import { setFont } from "../run/canvas.js";
import { STAR, drawGraph, isLit, strike } from "./graph.js";

const KEY = 0.85; // size of the type of the key, in rem
const MANY = 6; // lines of an objective from which on it has more than half of the height

/** Draw all four; what a hand may point at comes back. */
export function drawSteps(context, theme, surface, { panels, title, lines, note }, lit) {
  const boxes = arranged(theme, surface, lines.length >= MANY);
  const hits = panels.flatMap((panel, i) => drawGraph(context, theme, boxes[i], panel, lit));
  boxes.slice(1).forEach((box) => rule(context, theme, box));
  drawKey(context, theme, boxes[0], panels);
  if (note) drawNote(context, theme, boxes[3], note);
  return { hits: [...drawObjective(context, theme, boxes[3], title, lines, lit), ...hits] };
}

// Two by two, or one below the other where that would be too narrow.
function arranged({ rem }, { width, height }, isLong) {
  const columns = width < 26 * rem ? 1 : 2;
  const shares = { 1: isLong ? [0.2, 0.24, 0.24, 0.32] : [0.25, 0.25, 0.25, 0.25], 2: isLong ? [0.43, 0.57] : [0.5, 0.5] }[columns];
  const gap = 1.2 * rem;
  const wide = (width - gap * (columns - 1)) / columns;
  const highs = shares.map((share) => share * (height - gap * (shares.length - 1)));
  return [0, 1, 2, 3].map((i) => {
    const [column, row] = [i % columns, Math.floor(i / columns)];
    const left = column * (wide + gap);
    const top = highs.slice(0, row).reduce((sum, high) => sum + high + gap, 0);
    return { left, top, right: left + wide, bottom: top + highs[row], column, row, gap };
  });
}

// What marks on factors mean, in the first panel, whose graph is the smallest: those there are.
function drawKey(context, theme, { left, right, top, bottom }, panels) {
  const { rem, of } = theme;
  const factors = panels.flatMap((panel) => panel.factors);
  const nodes = panels.flatMap((panel) => panel.nodes);
  const words = [
    factors.some(({ isLearned }) => isLearned) && `${STAR} learned`,
    factors.some(({ state }) => state === "cancels") && "struck out: shared",
    factors.some(({ state }) => state === "constant") && "dotted: constant",
    nodes.some(({ isAtFault }) => isAtFault) && "dashed: at fault",
  ].filter(Boolean);
  setFont(context, theme, KEY);
  context.fillStyle = of.bound.text;
  context.textAlign = "right";
  words.forEach((text, i) => {
    // Two beside the title; a third would be among the nodes, and stands beside the factors.
    const y = i < 2 ? top + (1 + 1.15 * i) * rem : bottom - (0.3 + 1.15 * (words.length - 1 - i)) * rem;
    if (right - left > context.measureText(text).width + (i < 2 ? 8 : 5) * rem) context.fillText(text, right, y);
  });
}

function rule(context, theme, { left, top, right, bottom, column, row, gap }) {
  context.save();
  context.globalAlpha = 0.5;
  context.strokeStyle = theme.of.bound.colour;
  context.lineWidth = 1;
  context.beginPath();
  if (row) {
    context.moveTo(left, top - gap / 2);
    context.lineTo(right, top - gap / 2);
  }
  if (column) {
    context.moveTo(left - gap / 2, top);
    context.lineTo(left - gap / 2, bottom);
  }
  context.stroke();
  context.restore();
}

function drawObjective(context, theme, box, title, lines, lit) {
  const { rem } = theme;
  say(context, theme, title, box.left, box.top + rem, { align: "left", weight: 600 });
  const step = Math.min(1.75 * rem, (box.bottom - box.top - 1.4 * rem) / Math.max(1, lines.length));
  setFont(context, theme, 1, 600);
  const column = Math.max(...lines.map((line) => context.measureText(line.price + line.symbol).width)) + 1.1 * rem;
  return lines.map((line, i) => {
    const y = box.top + 1.4 * rem + (i + 0.75) * step;
    drawLine(context, theme, line, { ...box, y, column }, lit);
    return { left: box.left, right: box.right, top: y - 0.75 * step, bottom: y + 0.25 * step, keys: line.keys, line: i };
  });
}

// Why there is no objective, in lines that fit.
function drawNote(context, theme, { left, right, top }, note) {
  const { rem } = theme;
  setFont(context, theme);
  const rows = [""];
  for (const word of note.split(" ")) {
    const longer = `${rows.at(-1)} ${word}`.trim();
    if (context.measureText(longer).width > right - left) rows.push(word);
    else rows[rows.length - 1] = longer;
  }
  rows.forEach((row, i) => say(context, theme, row, left, top + (2.6 + 1.35 * i) * rem, { align: "left" }));
}

function drawLine(context, theme, line, { left, right, y, column }, lit) {
  const { rem, of } = theme;
  const look = of[line.isDropped ? "bound" : line.role];
  const isOn = line.keys.some((key) => isLit(lit, key));
  context.globalAlpha = isOn ? 1 : 0.3;
  say(context, theme, line.price + line.symbol, left, y, { align: "left", colour: look.text, weight: 600 });
  const { name } = line;
  const names = line.isDropped
    ? [`${name}: dropped`, "dropped"]
    : line.isConstant
      ? [`${name}, a constant`, "a constant"]
      : [name, name.replace(/^information in /, "")];
  setFont(context, theme, 0.75);
  const beside = context.measureText(names.at(-1)).width + rem;
  setFont(context, theme, fitted(context, theme, line.text, right - left - column, beside));
  context.textAlign = "left";
  context.fillStyle = line.isConstant ? of.bound.text : theme.text;
  context.fillText(line.text, left + column, y);
  const end = left + column + context.measureText(line.text).width;
  drawName(context, theme, names, { from: end + rem, right, y }, look);
  if (line.isConstant) strike(context, theme, left, end, y + 0.3 * rem, "constant");
  context.globalAlpha = 1;
}

// The longest name that there is room for, in type that may be a little smaller; or none.
function drawName(context, theme, names, { from, right, y }, look) {
  for (const [name, size] of names.flatMap((each) => [[each, 1], [each, 0.85], [each, 0.75]])) {
    setFont(context, theme, size);
    if (from + context.measureText(name).width > right) continue;
    context.textAlign = "right";
    context.fillStyle = look.text;
    context.fillText(name, right, y);
    return;
  }
}

// Type as large as there is room for, and not too small to be read: with the name beside it where
// that costs little.
function fitted(context, theme, text, room, beside) {
  setFont(context, theme);
  const { width } = context.measureText(text);
  const shared = Math.min(1, (room - beside) / width);
  return shared >= 0.78 ? shared : Math.max(0.72, Math.min(1, room / width));
}
