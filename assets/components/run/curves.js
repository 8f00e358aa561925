// How the curves look: faint for mini-batches, bold for held-out images, thin for what is ahead.

import { segment } from "./axes.js";
import { crisp, haloText, setFont } from "./canvas.js";
import { equation, whole } from "./format.js";
import { drawMarkOnLine as drawMark } from "./marks.js";
import { trace } from "./polyline.js";
import { spread } from "./scales.js";

/** The quantities of the chart. Mini-batches report D and R; their sum is made in `chart.js`. */
export const SERIES = [
  { name: "neg_elbo", meaning: "objective", label: "D + R", width: 3 },
  { name: "distortion", meaning: "distortion", label: "D", width: 2.25 },
  { name: "rate", meaning: "rate", label: "R", width: 2.25 },
];

/** Held-out values of a row, rounded so that they add up: of D + R, D and R. */
export function valueTexts(table, row, member) {
  const distortion = table.value("distortion", row, member);
  const shown = equation(distortion, table.value("rate", row, member), 1);
  return [`D + R ${shown.total}`, `D ${shown.distortion}`, `R ${shown.rate}`];
}

/**
 * Draw curves as far as they have been played, and what is known beyond as thin lines.
 *
 * `frame` is what the chart laid out: the axes `x` and `y`, the `plot`, the pixel `ratio`.
 */
export function drawCurves(context, scene, frame, polylines) {
  const { x, y, plot } = frame;
  const { left, right } = plot;
  const inside = (pixel) => Math.max(left, Math.min(right, pixel));
  const playhead = inside(x.at(Math.max(0, scene.step)));
  const at = x.at(Math.max(0, scene.shownStep));
  const head = inside(at);
  const curves = polylines.map((curve) => ({ ...curve, look: scene.theme.of[curve.meaning] }));
  const stroke = (points, look, width, alpha, dash = []) => {
    context.strokeStyle = look.colour;
    context.lineWidth = width;
    context.globalAlpha = alpha;
    context.setLineDash(dash);
    trace(context, points, y.at);
    context.stroke();
  };
  context.lineJoin = "round";
  within(context, plot, left, playhead, () => {
    for (const { training, look } of curves) stroke(training, look, 1, 0.4);
  });
  within(context, plot, head, right, () => {
    for (const { heldOut, look } of curves) stroke(heldOut, look, 1, 0.55);
  });
  if (at >= left) {
    const end = at >= right ? right + 2 : head;
    within(context, plot, left - 2, end, () => {
      for (const { heldOut, look, width } of curves) stroke(heldOut, look, width, 1, look.dash);
    });
  }
  context.globalAlpha = 1;
  context.setLineDash([]);
  for (const curve of curves) drawMarks(context, scene.theme, curve, at, frame);
}

/** Paint between two pixels of a plot. */
export function within(context, { top, bottom }, from, to, paint) {
  context.save();
  context.beginPath();
  context.rect(from, top - 4, Math.max(0, to - from), bottom - top + 8);
  context.clip();
  paint();
  context.restore();
}

// Marks where something was measured, as many as stand apart.
function drawMarks(context, theme, { heldOut, look }, head, { y, plot }) {
  context.fillStyle = look.colour;
  let last = -Infinity;
  for (let i = 0; i < heldOut.length; i += 2) {
    const place = heldOut[i];
    if (place > head + 0.5 || place > plot.right + 1) break;
    if (place < plot.left - 1 || place - last < 1.5 * theme.rem) continue;
    last = place;
    drawMark(context, look.mark, place, y.at(heldOut[i + 1]), 0.27 * theme.rem, theme.paper);
  }
}

/** Where the played curves end: a mark on each, and its name beside the plot, never on another. */
export function drawEnds(context, scene, frame, showsValues) {
  const { history, member, theme, step, shownStep, row } = scene;
  const { x, y, plot, ratio } = frame;
  const { left, right, top, bottom } = plot;
  const table = history.heldOut;
  if (row < 0) return;
  const heights = SERIES.map(({ name }) => y.at(table.interpolated(name, shownStep, member)));
  const half = 0.6 * theme.rem;
  const inside = heights.map((place) => Math.max(top, Math.min(bottom, place)));
  const places = spread(inside, 2 * half, top - half, bottom + half);
  const texts = showsValues ? valueTexts(table, row, member) : SERIES.map(({ label }) => label);
  const head = x.at(shownStep);
  drawPlayhead(context, theme, x.at(step), frame);
  SERIES.forEach(({ meaning }, i) => {
    const look = theme.of[meaning];
    const isInside = heights[i] >= top - 1 && heights[i] <= bottom + 1;
    if (isInside && head >= left - 1 && head <= right + 1) {
      context.strokeStyle = context.fillStyle = look.colour;
      context.lineWidth = 1 / ratio;
      context.globalAlpha = 0.6;
      context.setLineDash([1, 3]);
      context.beginPath();
      context.moveTo(head, heights[i]);
      context.lineTo(right, heights[i]);
      context.lineTo(right + 0.45 * theme.rem, places[i]);
      context.stroke();
      context.setLineDash([]);
      context.globalAlpha = 1;
      drawMark(context, look.mark, head, heights[i], 0.4 * theme.rem, theme.paper);
    }
    setFont(context, theme, 1, 600);
    context.fillStyle = look.text;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillText(texts[i], right + 0.6 * theme.rem, places[i]);
  });
  setFont(context, theme);
}

function drawPlayhead(context, theme, place, { plot, ratio }) {
  if (place < plot.left - 1 || place > plot.right + 1) return;
  context.strokeStyle = theme.text;
  context.lineWidth = 1 / ratio;
  context.globalAlpha = 0.35;
  const line = crisp(place, ratio);
  segment(context, line, plot.top, line, plot.bottom);
  context.globalAlpha = 1;
}

/** The stretch that a reader is about to zoom into, from one pixel to another. */
export function drawBand(context, theme, [one, other], { plot }) {
  context.fillStyle = theme.text;
  context.globalAlpha = 0.1;
  context.fillRect(Math.min(one, other), plot.top, Math.abs(other - one), plot.bottom - plot.top);
  context.globalAlpha = 1;
}

/** The held-out values of a row, written beside their marks, and the step under them. */
export function drawCursor(context, { theme, history, member }, row, frame, width) {
  const { x, y, plot, ratio } = frame;
  const { left, right, top, bottom } = plot;
  const { rem } = theme;
  const table = history.heldOut;
  const place = x.at(table.steps[row]);
  if (place < left - 1 || place > right + 1) return;
  context.strokeStyle = theme.text;
  context.lineWidth = 1;
  context.setLineDash([2, 3]);
  const line = crisp(place, ratio);
  segment(context, line, top, line, bottom);
  context.setLineDash([]);
  const texts = valueTexts(table, row, member).map((text) => text.split(" ").at(-1));
  const heights = SERIES.map(({ name }) => y.at(table.value(name, row, member)));
  const inside = heights.map((height) => Math.max(top, Math.min(bottom, height)) - 0.8 * rem);
  const places = spread(inside, 1.2 * rem, top - 0.6 * rem, bottom);
  setFont(context, theme, 1, 600);
  context.textBaseline = "middle";
  const isLate = place > right - 3 * rem;
  context.textAlign = isLate ? "right" : "left";
  SERIES.forEach(({ meaning }, i) => {
    const look = theme.of[meaning];
    context.fillStyle = look.colour;
    if (heights[i] >= top - 1 && heights[i] <= bottom + 1) {
      drawMark(context, look.mark, place, heights[i], 0.34 * rem, theme.paper);
    }
    context.fillStyle = look.text;
    haloText(context, theme, texts[i], place + (isLate ? -0.5 : 0.5) * rem, places[i]);
  });
  const step = `step ${whole(table.steps[row])}`;
  const half = context.measureText(step).width / 2;
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  context.fillStyle = theme.text;
  const middle = Math.max(left + half, Math.min(width - half, place));
  haloText(context, theme, step, middle, bottom + 1.35 * rem, 0.8);
  setFont(context, theme);
}
