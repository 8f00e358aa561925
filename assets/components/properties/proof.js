// Why a divergence is not negative: bars of P and Q, and the line above the logarithm.

import { drawMark } from "../run/marks.js";
import { axis } from "../run/scales.js";
import { acrossAt, hatch, say, stroke, within } from "../divergence/frame.js";

const MOST_RATIO = 5;
const LOWEST_LOG = -3;

/** What an outcome adds to the divergence, in nats: p times the gap at x = q/p, never below zero. */
export function gap(p, q) {
  if (p === 0) return q;
  if (q === 0) return Infinity;
  const e = (q - p) / p;
  // The two nearly cancel near one: there the series of the logarithm is exact enough.
  if (Math.abs(e) < 1e-4) return p * e * e * (0.5 - e / 3 + (e * e) / 4);
  return p * (e - Math.log1p(e));
}

/** The divergence of two tables in nats, as the sum of its gaps. */
export function divergence(p, q) {
  return p.reduce((sum, value, i) => sum + gap(value, q[i]), 0);
}

/** Columns of the bars, by which a hand finds one: [left, right] of P's and of Q's. */
export function columns(plot, count) {
  const step = (plot.right - plot.left) / count;
  const thick = 0.4 * step;
  return Array.from({ length: count }, (_, i) => {
    const middle = plot.left + (i + 0.5) * step;
    return { p: [middle - thick, middle], q: [middle, middle + thick] };
  });
}

/** Draw bars, curves and the sum of the gaps; returns the box and the axis of the bars. */
export function drawProof(context, theme, surface, { p, q }, held) {
  const { rem } = theme;
  const isNarrow = surface.width < 30 * rem;
  const floor = surface.height - 3.6 * rem;
  const half = isNarrow ? { width: surface.width, bottom: 0.42 * floor } : { width: 0.42 * surface.width, bottom: floor };
  const bars = drawTables(context, theme, surface, half, { p, q }, held);
  const box = isNarrow
    ? { left: 0, top: half.bottom + 2 * rem, right: surface.width, bottom: floor }
    : { left: half.width + 1.5 * rem, top: 0, right: surface.width, bottom: floor };
  drawGaps(context, theme, surface, box, { p, q });
  drawSum(context, theme, surface, { p, q });
  return bars;
}

function drawTables(context, theme, surface, { width, bottom }, { p, q }, held) {
  const { rem, of } = theme;
  const plot = { left: 0.3 * rem, right: width - 0.3 * rem, top: 1.9 * rem, bottom: bottom - 1.5 * rem };
  const most = Math.max(0.5, 1.1 * Math.max(...p, ...q));
  const yAxis = axis(0, most, plot.bottom, plot.top);
  const places = columns(plot, p.length);
  for (const [name, row] of Object.entries({ p, q })) {
    const look = of[name === "p" ? "real" : "dream"];
    row.forEach((value, i) => {
      const [left, right] = places[i][name];
      const top = yAxis.at(value);
      context.fillStyle = look.colour;
      context.globalAlpha = name === "p" ? 1 : 0.35;
      context.fillRect(left, top, right - left, plot.bottom - top);
      context.globalAlpha = 1;
      context.strokeStyle = look.colour;
      context.lineWidth = 0.12 * rem;
      context.setLineDash(name === "p" ? [] : [6, 3]);
      context.strokeRect(left, top, right - left, plot.bottom - top);
      context.setLineDash([]);
      const isHeld = held?.name === name && held.place === i;
      context.fillStyle = isHeld ? theme.text : look.colour;
      drawMark(context, look.mark, (left + right) / 2, top, (isHeld ? 0.55 : 0.4) * rem);
    });
  }
  acrossAt(context, theme, plot, plot.bottom, surface.ratio);
  p.forEach((_, i) => say(context, theme, String(i + 1), places[i].q[0], plot.bottom + 1.3 * rem, { colour: of.bound.text }));
  say(context, theme, "drag: P filled, Q dashed", 0, 0.95 * rem, { align: "left", colour: of.bound.text });
  return { plot, yAxis };
}

function drawGaps(context, theme, surface, box, { p, q }) {
  const { rem, of } = theme;
  const plot = { left: box.left + 2 * rem, right: box.right - 0.5 * rem, top: box.top + 0.6 * rem, bottom: box.bottom - 1.5 * rem };
  const xAxis = axis(0, MOST_RATIO, plot.left, plot.right);
  const yAxis = axis(LOWEST_LOG, MOST_RATIO - 1, plot.bottom, plot.top);
  context.lineWidth = 1 / surface.ratio;
  for (const tick of [-2, 0, 2]) {
    say(context, theme, String(tick).replace("-", "−"), plot.left - 0.4 * rem, yAxis.at(tick) + 0.35 * rem, { align: "right", colour: of.bound.text });
  }
  say(context, theme, "x = q/p", plot.right, plot.bottom + 1.3 * rem, { align: "right", colour: of.bound.text });
  const room = plot.right - context.measureText("x = q/p").width - 1.2 * rem;
  for (const tick of [1, 2, 3, 4]) {
    if (xAxis.at(tick) < room) say(context, theme, String(tick), xAxis.at(tick), plot.bottom + 1.3 * rem, { colour: of.bound.text });
  }
  acrossAt(context, theme, plot, yAxis.at(0), surface.ratio);
  acrossAt(context, theme, plot, plot.bottom, surface.ratio);
  const line = [0, MOST_RATIO].map((x) => [xAxis.at(x), yAxis.at(x - 1)]);
  const curve = Array.from({ length: 161 }, (_, i) => {
    const x = Math.exp(LOWEST_LOG) + (i / 160) ** 2 * (MOST_RATIO - Math.exp(LOWEST_LOG));
    return [xAxis.at(x), yAxis.at(Math.log(x))];
  });
  within(context, plot, () => {
    p.forEach((chance, i) => {
      if (!chance) return;
      const x = Math.min(MOST_RATIO, q[i] / chance);
      const place = xAxis.at(x);
      const low = yAxis.at(Math.max(LOWEST_LOG, Math.log(x)));
      const width = Math.max(3, 1.6 * rem * chance);
      context.fillStyle = of.real.colour;
      context.globalAlpha = 0.55;
      context.fillRect(place - width / 2, yAxis.at(x - 1), width, low - yAxis.at(x - 1));
      context.globalAlpha = 1;
    });
    stroke(context, theme, line, { colour: theme.text, width: 0.13 });
    stroke(context, theme, curve, { colour: theme.text, dash: [2, 3], width: 0.15 });
  });
  say(context, theme, "x − 1", xAxis.at(2.9), yAxis.at(2.5), { align: "right", weight: 600 });
  say(context, theme, "log x", xAxis.at(4), yAxis.at(0.55), { weight: 600 });
  p.forEach((chance, i) => {
    if (!chance) return;
    const x = q[i] / chance;
    const place = Math.min(MOST_RATIO, x);
    const name = x > MOST_RATIO ? `${i + 1} →` : String(i + 1);
    say(context, theme, name, xAxis.at(place) - (x > 4.5 ? 0.4 * rem : 0), Math.max(plot.top + 0.8 * rem, yAxis.at(place - 1) - 0.4 * rem), { colour: of.real.text, weight: 600, align: x > 4.5 ? "right" : "center" });
  });
}

// The gaps, weighted and end to end: their length in all is the divergence.
function drawSum(context, theme, surface, { p, q }) {
  const { rem, of } = theme;
  const gaps = p.map((chance, i) => gap(chance, q[i]));
  const total = gaps.reduce((sum, value) => sum + value, 0);
  const [left, right] = [0.3 * rem, surface.width - 0.3 * rem];
  const [top, bottom] = [surface.height - 1.6 * rem, surface.height - 0.3 * rem];
  say(context, theme, "p × gap, outcome by outcome", left, top - 0.5 * rem, { align: "left", colour: of.bound.text });
  if (!(total > 0)) return;
  if (!Number.isFinite(total)) {
    context.fillStyle = hatch(context, theme, of.bound.colour);
    context.fillRect(left, top, right - left, bottom - top);
    say(context, theme, "∞", (left + right) / 2, bottom - 0.2 * rem, { weight: 600 });
    return;
  }
  const length = axis(0, total, left, right);
  let sum = 0;
  gaps.forEach((value, i) => {
    const [from, to] = [length.at(sum), length.at(sum + value)];
    sum += value;
    context.fillStyle = of.real.colour;
    context.globalAlpha = i % 2 ? 0.4 : 0.7;
    context.fillRect(from, top, to - from, bottom - top);
    context.globalAlpha = 1;
    context.strokeStyle = theme.paper;
    context.lineWidth = 1.5;
    context.strokeRect(from, top, to - from, bottom - top);
    if (to - from > 1.6 * rem) say(context, theme, String(i + 1), (from + to) / 2, bottom - 0.25 * rem, { weight: 600 });
  });
}

