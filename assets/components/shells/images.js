// Images as they are: rows of them, how rare their like is, and how many dimensions they have.

import { framed, say, stroke, within } from "../divergence/frame.js";
import { segment } from "../run/axes.js";
import { drawMark } from "../run/marks.js";
import { axis } from "../run/scales.js";

const KEPT = 200; // images that are ready to be drawn
const ready = new Map();

// A square image from the bytes of its pixels, as base64.
function picture(text) {
  if (ready.has(text)) return ready.get(text);
  if (ready.size > KEPT) ready.clear();
  const bytes = atob(text);
  const side = Math.round(Math.sqrt(bytes.length));
  const small = document.createElement("canvas");
  small.width = small.height = side;
  const pen = small.getContext("2d");
  const data = pen.createImageData(side, side);
  for (let i = 0; i < bytes.length; i += 1) {
    const grey = bytes.charCodeAt(i);
    data.data.set([grey, grey, grey, 255], 4 * i);
  }
  pen.putImageData(data, 0, 0);
  ready.set(text, small);
  return small;
}

/** One image, every pixel a sharp square. */
export function drawTile(context, text, x, y, side) {
  context.imageSmoothingEnabled = false;
  context.drawImage(picture(text), x, y, side, side);
}

// Rows of images with a name over each, as large as there is room; in two lines where that is larger.
function drawRows(context, theme, box, rows) {
  const { rem, of } = theme;
  const count = rows[0].tiles.length;
  const name = 1.45 * rem;
  const room = box.height / rows.length - name - 0.35 * rem;
  const size = (lines) => Math.min((room - (lines - 1) * 0.2 * rem) / lines, box.width / Math.ceil(count / lines) - 0.2 * rem);
  const lines = size(2) > size(1) ? 2 : 1;
  const side = size(lines);
  const columns = Math.ceil(count / lines);
  rows.forEach(({ label, role, tiles }, i) => {
    const top = (i * box.height) / rows.length;
    context.fillStyle = of[role].colour;
    drawMark(context, of[role].mark, 0.5 * rem, top + 0.65 * rem, 0.42 * rem);
    say(context, theme, label, 1.3 * rem, top + 1.0 * rem, { align: "left", colour: of[role].text, weight: 600 });
    tiles.forEach((tile, j) => drawTile(context, tile, (j % columns) * (side + 0.2 * rem), top + name + Math.floor(j / columns) * (side + 0.2 * rem), side));
  });
}

/** Real images over draws from models. */
export function drawGallery(context, theme, surface, { rows }) {
  drawRows(context, theme, surface, rows);
  return null;
}

/** Shares that come near to data, by how near, beside images of each kind. */
export function drawHaystack(context, theme, surface, { near, lines, rows }) {
  const { rem } = theme;
  const isNarrow = surface.width < 26 * rem;
  const share = isNarrow ? 0.5 : 0.56;
  const room = { width: isNarrow ? surface.width : share * surface.width - rem, height: isNarrow ? 0.46 * surface.height : surface.height, ratio: surface.ratio };
  drawShares(context, theme, room, near, lines);
  context.save();
  if (isNarrow) context.translate(0, room.height + 0.4 * rem);
  else context.translate(room.width + 1.2 * rem, 0);
  drawRows(context, theme, isNarrow ? { width: surface.width, height: surface.height - room.height - 0.4 * rem } : { width: surface.width - room.width - 1.2 * rem, height: surface.height }, rows);
  context.restore();
  return null;
}

function drawShares(context, theme, box, near, lines) {
  const { rem, of } = theme;
  const high = Math.max(...lines.map(({ x }) => x.at(-1)));
  const low = Math.min(...lines.flatMap(({ y }) => y));
  const { plot, xAxis, yAxis } = framed(context, theme, box, { x: [0, high], y: [low, -0.08 * low], name: "distance", across: "log₁₀ of the share as near", key: "" });
  within(context, plot, () => {
    for (const { role, x, y } of lines) {
      stroke(context, theme, x.map((value, i) => [xAxis.at(value), yAxis.at(y[i])]), { colour: of[role].colour, dash: of[role].dash, width: 0.2 });
    }
    stroke(context, theme, [[xAxis.at(near), plot.top], [xAxis.at(near), plot.bottom]], { colour: theme.text, dash: [2, 4], width: 0.12 });
  });
  for (const { role, x, y } of lines) {
    const i = x.findIndex((value) => value >= near);
    context.fillStyle = of[role].colour;
    drawMark(context, of[role].mark, xAxis.at(near), yAxis.at(y[Math.max(0, i)]), 0.42 * rem);
  }
}

/** Estimates of a dimension by how many images they were made from. */
export function drawDimension(context, theme, surface, { lines }) {
  const { rem, of } = theme;
  const most = 1.15 * Math.max(...lines.flatMap(({ y, errors }) => y.map((value, i) => value + 2 * errors[i])));
  const sizes = lines.flatMap(({ x }) => x);
  const name = 6.2 * rem;
  const plotted = { width: surface.width - name, height: surface.height, ratio: surface.ratio };
  const scale = { of: Math.log, inverse: Math.exp, ticks: (low, high) => [250, 500, 1000, 2000, 4000].filter((size) => size >= low && size <= high) };
  const { plot, yAxis } = framed(context, theme, plotted, { x: [0, 0], y: [0, most], name: "images", across: "estimated dimension, ± 2 standard errors", key: "" });
  const xAxis = axis(Math.min(...sizes) / 1.12, Math.max(...sizes) * 1.05, plot.left, plot.right, scale);
  for (const size of xAxis.ticks()) {
    if (xAxis.at(size) < plot.right - 5 * rem) say(context, theme, size.toLocaleString("en"), xAxis.at(size), plot.bottom + 1.35 * rem, { colour: of.bound.text });
  }
  const levels = [...new Set(lines.map((line) => line.known).filter(Boolean))];
  for (const known of levels) {
    stroke(context, theme, [[plot.left, yAxis.at(known)], [plot.right, yAxis.at(known)]], { colour: of.bound.colour, dash: of.bound.dash, width: 0.16 });
  }
  const ends = [];
  for (const { label, role, mark, x, y, errors } of lines) {
    const look = of[role];
    stroke(context, theme, x.map((size, i) => [xAxis.at(size), yAxis.at(y[i])]), { colour: look.colour, dash: look.dash, width: 0.16 });
    x.forEach((size, i) => {
      context.strokeStyle = context.fillStyle = look.colour;
      context.lineWidth = 0.1 * rem;
      segment(context, xAxis.at(size), yAxis.at(y[i] - 2 * errors[i]), xAxis.at(size), yAxis.at(y[i] + 2 * errors[i]));
      drawMark(context, mark, xAxis.at(size), yAxis.at(y[i]), 0.38 * rem);
    });
    ends.push({ label, look, at: [xAxis.at(x.at(-1)), yAxis.at(y.at(-1))] });
  }
  for (const known of levels) {
    say(context, theme, `${known} is known`, plot.left + 2 * rem, yAxis.at(known) + (known > 3 ? -0.35 : 1.15) * rem, { align: "left", colour: of.bound.text });
  }
  nameEnds(context, theme, plot, ends);
  return null;
}

// Names behind the ends of lines, moved apart where they would touch.
function nameEnds(context, theme, plot, ends) {
  const { rem } = theme;
  ends.sort((a, b) => a.at[1] - b.at[1]);
  let before = -Infinity;
  for (const { label, look, at } of ends) {
    const y = Math.max(at[1], before + 1.25 * rem);
    before = y;
    say(context, theme, label, Math.max(at[0] + 0.8 * rem, label === "digits" ? 0 : plot.right + 0.6 * rem), y + 0.35 * rem, { align: "left", colour: look.text, weight: 600 });
  }
}
