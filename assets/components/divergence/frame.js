// What the pictures share: room for axes, fills by sign, hatches, names of curves.

import { drawHorizontal, drawVertical, leftMargin, segment, verticalTicks } from "../run/axes.js";
import { crisp, haloText, setFont } from "../run/canvas.js";
import { axis } from "../run/scales.js";

export const OTHER = { real: "dream", dream: "real" };

/** A plot with numbers on both axes, drawn; its two axes come back. */
export function framed(context, theme, surface, { x, y, name, across, key }) {
  const { rem } = theme;
  const plot = { top: 1.7 * rem, bottom: surface.height - 1.7 * rem, right: surface.width - 0.5 * rem };
  const ticks = verticalTicks(axis(...y, plot.bottom, plot.top), plot, rem);
  plot.left = leftMargin(context, theme, ticks);
  const yAxis = axis(...y, plot.bottom, plot.top);
  const xAxis = axis(...x, plot.left, plot.right);
  drawVertical(context, theme, { axis: yAxis, ticks, plot, ratio: surface.ratio, hasLines: true });
  drawHorizontal(context, theme, { axis: xAxis, plot, ratio: surface.ratio, name, nameEnd: plot.right });
  headed(context, theme, surface, across, key);
  return { plot, xAxis, yAxis };
}

/** What is counted upwards, over a picture, and what its parts are, if there is room for both. */
export function headed(context, theme, surface, across, key = "") {
  const look = { colour: theme.of.bound.text };
  say(context, theme, across, 0, 0.95 * theme.rem, { ...look, align: "left" });
  const free = surface.width - context.measureText(across).width - 2 * theme.rem;
  if (context.measureText(key).width > free) return;
  say(context, theme, key, surface.width - 0.5 * theme.rem, 0.95 * theme.rem, { ...look, align: "right" });
}

/** Text at a place, with a seam of paper around it. */
export function say(context, theme, text, x, y, { align = "center", colour = theme.text, weight = 400 } = {}) {
  setFont(context, theme, 1, weight);
  context.textAlign = align;
  context.textBaseline = "alphabetic";
  context.fillStyle = colour;
  haloText(context, theme, text, x, y);
}

/** A line through points, in the look of what it belongs to. */
export function stroke(context, theme, points, { colour, dash = [], width = 0.14, alpha = 1 }) {
  context.save();
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.strokeStyle = colour;
  context.lineWidth = width * theme.rem;
  context.lineJoin = "round";
  context.globalAlpha = alpha;
  context.setLineDash(dash);
  context.stroke();
  context.restore();
}

/** Draw only within a box. */
export function within(context, { left, right, top, bottom }, draw) {
  context.save();
  context.beginPath();
  context.rect(left, top, right - left, bottom - top);
  context.clip();
  draw();
  context.restore();
}

/** A pattern of slanted lines: what is below zero, or ruled out, is told without its colour. */
export function hatch(context, theme, colour) {
  const side = Math.round(0.45 * theme.rem);
  const tile = document.createElement("canvas");
  const ratio = context.getTransform().a || 1;
  tile.width = tile.height = Math.round(side * ratio);
  const pen = tile.getContext("2d");
  pen.scale(ratio, ratio);
  pen.strokeStyle = colour;
  pen.lineWidth = 0.13 * theme.rem;
  for (const shift of [-side, 0, side]) {
    pen.beginPath();
    pen.moveTo(shift - 1, side + 1);
    pen.lineTo(shift + side + 1, -1);
    pen.stroke();
  }
  const pattern = context.createPattern(tile, "repeat");
  pattern.setTransform(new DOMMatrix().scale(1 / ratio));
  return pattern;
}

/** A line across a plot, at a value. */
export function acrossAt(context, theme, plot, y, ratio) {
  context.strokeStyle = theme.text;
  context.lineWidth = 1 / ratio;
  const place = crisp(y, ratio);
  segment(context, plot.left, place, plot.right, place);
}

/** A number that stands for infinity held at the edge of what is drawn. */
export function held(value, low, high) {
  return Math.max(low, Math.min(high, value));
}
