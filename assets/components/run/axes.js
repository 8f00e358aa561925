// Axes of a plot: hairlines, ticks and their numbers, laid out so that no number is cut.

import { crisp, setFont } from "./canvas.js";
import { tick } from "./format.js";

/** A straight line. */
export function segment(context, x1, y1, x2, y2) {
  context.beginPath();
  context.moveTo(x1, y1);
  context.lineTo(x2, y2);
  context.stroke();
}

/** Ticks up a plot of this height, as many as stand apart. */
export function verticalTicks(axis, { top, bottom }, rem) {
  return axis.ticks(Math.max(2, Math.floor((bottom - top) / (2.4 * rem))));
}

/** Room for the numbers left of a plot. */
export function leftMargin(context, theme, ticks) {
  setFont(context, theme);
  const widths = ticks.map((value) => context.measureText(tick(value)).width);
  return Math.ceil(Math.max(1.2 * theme.rem, ...widths) + 0.6 * theme.rem);
}

/** Numbers left of a plot, each with a tick or a line across. */
export function drawVertical(context, theme, { axis, ticks, plot, ratio, hasLines }) {
  const { left, right } = plot;
  context.lineWidth = 1 / ratio;
  context.strokeStyle = context.fillStyle = theme.of.bound.text;
  context.textAlign = "right";
  context.textBaseline = "middle";
  setFont(context, theme);
  for (const value of ticks) {
    const place = crisp(axis.at(value), ratio);
    context.fillText(tick(value), left - 0.5 * theme.rem, place);
    context.globalAlpha = hasLines ? 0.25 : 1;
    segment(context, hasLines ? left : left - 0.25 * theme.rem, place, hasLines ? right : left, place);
    context.globalAlpha = 1;
  }
}

/**
 * The line under a plot with its ticks, their numbers, and the axis' name at `nameEnd`.
 *
 * Numbers that would run into the name, or out of the canvas, are left out.
 */
export function drawHorizontal(context, theme, { axis, plot, ratio, name, nameEnd, look, apart = 3 }) {
  const { left, right, bottom } = plot;
  const { rem } = theme;
  const floor = crisp(bottom, ratio);
  const baseline = bottom + 1.35 * rem;
  context.lineWidth = 1 / ratio;
  context.strokeStyle = theme.of.bound.text;
  segment(context, left, floor, right, floor);
  context.textBaseline = "alphabetic";
  setFont(context, theme, 1, look ? 600 : 400);
  context.fillStyle = look ? look.text : theme.of.bound.text;
  context.textAlign = "right";
  context.fillText(name, nameEnd, baseline);
  const nameStart = nameEnd - context.measureText(name).width - 0.25 * rem;
  setFont(context, theme);
  context.fillStyle = theme.of.bound.text;
  context.textAlign = "center";
  const ticks = axis ? axis.ticks(Math.max(3, Math.floor((right - left) / (apart * rem)))) : [];
  for (const value of ticks) {
    const place = crisp(axis.at(value), ratio);
    const half = context.measureText(tick(value)).width / 2;
    segment(context, place, floor, place, floor + 0.25 * rem);
    if (place - half >= 0 && place + half <= nameStart) context.fillText(tick(value), place, baseline);
  }
}
