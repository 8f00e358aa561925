// Outcomes that can be listed, codes for them, and Gaussians in a plane.

import { drawMark } from "../run/marks.js";
import { axis } from "../run/scales.js";
import { OTHER, acrossAt, framed, hatch, headed, held, say, stroke, within } from "./frame.js";
import { GUTTER, TERMS, nameTerm, stacked, termRange } from "./strips.js";

const ENDLESS = 1e299;
const SUBSCRIPTS = "₀ ₁ ₂ ₃ ₄ ₅ ₆ ₇ ₈ ₉ ₁₀ ₁₁ ₁₂".split(" ");

/** Bars of two tables, and each outcome's term of the two divergences under them. */
export function drawBars(context, theme, surface, { labels, name, p, q, terms }) {
  const { rem, of } = theme;
  const boxes = stacked(theme, surface, true, GUTTER);
  const [plot] = boxes;
  const step = (plot.right - plot.left) / labels.length;
  const thick = Math.min(0.36 * step, 2.6 * rem);
  const middle = (i) => plot.left + (i + 0.5) * step;
  const yAxis = axis(0, 1.12 * Math.max(...p, ...q), plot.bottom, plot.top);
  [p, q].forEach((row, which) => {
    const look = of[which ? "dream" : "real"];
    row.forEach((value, i) => {
      const left = middle(i) + (which ? 0.04 * thick : -1.04 * thick);
      const top = yAxis.at(value);
      context.fillStyle = look.colour;
      if (which) context.globalAlpha = 0.35;
      context.fillRect(left, top, thick, plot.bottom - top);
      context.globalAlpha = 1;
      context.strokeStyle = look.colour;
      context.lineWidth = 0.12 * rem;
      context.setLineDash(which ? [6, 3] : []);
      if (value > 0) context.strokeRect(left, top, thick, plot.bottom - top);
      context.setLineDash([]);
    });
  });
  acrossAt(context, theme, plot, plot.bottom, surface.ratio);
  const range = termRange(terms);
  terms.forEach((row, which) => {
    const box = boxes[1 + which];
    const [role] = TERMS[which];
    const height = axis(...range, box.bottom, box.top);
    const zero = height.at(0);
    row.forEach((value, i) => {
      const end = height.at(held(value, ...range));
      const at = [middle(i) - thick / 2, Math.min(zero, end), thick, Math.abs(end - zero)];
      const isEndless = Math.abs(value) > ENDLESS;
      context.globalAlpha = value < 0 || isEndless ? 1 : 0.5;
      const look = of[value < 0 ? OTHER[role] : role];
      context.fillStyle = isEndless ? hatch(context, theme, of.bound.colour) : value < 0 ? hatch(context, theme, look.colour) : look.colour;
      context.fillRect(...at);
      context.globalAlpha = 1;
      if (isEndless) say(context, theme, "∞", middle(i), (zero + box.top) / 2 + 0.4 * rem, { weight: 600 });
    });
    acrossAt(context, theme, box, zero, surface.ratio);
    nameTerm(context, theme, which, box);
  });
  const last = boxes[2];
  acrossAt(context, theme, last, last.bottom, surface.ratio);
  const every = Math.ceil((2.2 * rem) / step);
  labels.forEach((text, i) => {
    if (i % every) return;
    say(context, theme, text, middle(i), last.bottom + 1.35 * rem, { colour: of.bound.text });
  });
  headed(context, theme, surface, `chance of each ${name}`, "P filled, Q dashed");
}

/** Columns as wide as an outcome is frequent and as tall as its word is long: areas are mean lengths. */
export function drawCodes(context, theme, surface, { p, best, lengths }) {
  const { rem, of } = theme;
  const finite = [...best, ...lengths].filter((value) => value < ENDLESS);
  const most = 1.2 * Math.max(1, ...finite);
  const { plot, xAxis, yAxis } = framed(context, theme, surface, {
    x: [0, 1],
    y: [0, most],
    name: "chance under P",
    across: "length of the code word, in bits",
    key: "filled: P's own code, dashed: Q's",
  });
  let sum = 0;
  p.forEach((chance, i) => {
    const [left, right] = [xAxis.at(sum), xAxis.at(sum + chance)];
    sum += chance;
    if (!chance) return;
    const box = (value) => [left + 1, yAxis.at(Math.min(most, value)), Math.max(1, right - left - 2), plot.bottom - yAxis.at(Math.min(most, value))];
    const [own, coded] = [box(best[i]), box(lengths[i])];
    context.fillStyle = of.real.colour;
    context.globalAlpha = 0.28;
    context.fillRect(...own);
    context.globalAlpha = 1;
    const isLonger = lengths[i] > best[i];
    const [top, floor] = isLonger ? [coded[1], own[1]] : [own[1], coded[1]];
    context.fillStyle = hatch(context, theme, isLonger ? of.dream.colour : of.real.colour);
    context.fillRect(own[0], top, own[2], floor - top);
    context.lineWidth = 0.13 * rem;
    context.strokeStyle = of.real.colour;
    context.strokeRect(...own);
    context.strokeStyle = of.dream.colour;
    context.setLineDash(of.dream.dash);
    context.strokeRect(...coded);
    context.setLineDash([]);
    if (right - left < 1.4 * rem) return;
    const middle = (left + right) / 2;
    const length = (value) => (value > ENDLESS ? "∞" : String(Number(value.toFixed(2))));
    const text = length(lengths[i]);
    if (own[1] - coded[1] > 1.5 * rem || coded[1] - own[1] > 1.5 * rem) {
      say(context, theme, length(best[i]), middle, own[1] + (isLonger ? 1.15 : -0.35) * rem, { colour: of.real.text, weight: 600 });
    }
    say(context, theme, text, middle, Math.max(plot.top + 0.9 * rem, coded[1] - 0.35 * rem), { colour: of.dream.text, weight: 600 });
    say(context, theme, `x${SUBSCRIPTS[i + 1]}`, middle, plot.bottom - 0.4 * rem, { colour: of.bound.text });
  });
}

/** Two Gaussians as ellipses of one and two standard deviations, to scale. */
export function drawEllipses(context, theme, surface, { p, q, size, axes = ["x₁", "x₂"] }) {
  const { rem, of } = theme;
  const spans = [0, 1].map((k) => {
    const ends = [p, q].flatMap(({ mean, covariance }) => {
      const reach = 2.3 * Math.sqrt(covariance[k][k]);
      return [mean[k] - reach, mean[k] + reach];
    });
    return [Math.min(...ends), Math.max(...ends)];
  });
  const height = surface.height - 3.4 * rem;
  const width = surface.width - 3.5 * rem;
  const scale = Math.max((spans[0][1] - spans[0][0]) / width, (spans[1][1] - spans[1][0]) / height);
  const [x, y] = spans.map(([low, high], k) => {
    const half = ((k ? height : width) * scale) / 2;
    return [(low + high) / 2 - half, (low + high) / 2 + half];
  });
  const { plot, xAxis, yAxis } = framed(context, theme, surface, { x, y, name: axes[0], across: size > 1 ? axes[1] : "" });
  within(context, plot, () => {
    [p, q].forEach(({ mean, covariance }, which) => {
      const look = of[which ? "dream" : "real"];
      const [[a, b], [, d]] = covariance;
      const root = [Math.sqrt(a), b / Math.sqrt(a)];
      const rest = Math.sqrt(Math.max(0, d - root[1] ** 2));
      for (const deviations of [1, 2]) {
        const points = Array.from({ length: 97 }, (_, i) => {
          const angle = (2 * Math.PI * i) / 96;
          const [u, v] = [deviations * Math.cos(angle), deviations * Math.sin(angle)];
          return [xAxis.at(mean[0] + root[0] * u), yAxis.at(mean[1] + root[1] * u + rest * v)];
        });
        stroke(context, theme, points, { colour: look.colour, dash: look.dash, width: deviations === 1 ? 0.17 : 0.1 });
      }
      const place = [xAxis.at(mean[0]), yAxis.at(mean[1])];
      context.fillStyle = look.colour;
      drawMark(context, look.mark, ...place, (which ? 0.35 : 0.45) * rem);
      say(context, theme, which ? "Q" : "P", place[0] + (which ? -1 : 1) * rem, place[1] - 0.5 * rem, { colour: look.text, weight: 600 });
    });
  });
}
