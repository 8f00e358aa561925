// Two densities with their marks, and under them the terms of the two divergences.

import { drawHorizontal } from "../run/axes.js";
import { drawMark } from "../run/marks.js";
import { axis } from "../run/scales.js";
import { jumps, logDensity, peak } from "../densities/laws.js";
import { forbidden, isTooHeavy } from "./kl.js";
import { headed, say, stroke } from "./frame.js";
import { GUTTER, drawTerm, stacked, termRange } from "./strips.js";

export const RANGE = [-8, 8];
export const LAWS = [
  ["real", "P"],
  ["dream", "Q"],
];

/** Where the marks of a density are: its centre on the axis, and one scale beside it, on the curve. */
export function grips(name, law, xAxis, yAxis) {
  const side = name === "real" ? 1 : -1;
  const edge = law.mean + side * (reach(law) + law.scale);
  const inside = edge - side * 1e-9;
  return {
    mean: [xAxis.at(law.mean), yAxis.at(0)],
    scale: [xAxis.at(edge), yAxis.at(Math.exp(logDensity(law, inside)))],
  };
}

/** The scale of a density whose second mark is at a place. */
export function scaleAt(name, law, place) {
  const side = name === "real" ? 1 : -1;
  return side * (place - law.mean) - reach(law);
}

function reach({ family, apart }) {
  return family === "Two normals" ? apart / 2 : 0;
}

/** Draw two laws that a hand may move; the axes come back. */
export function drawLaws(context, theme, surface, scene, held) {
  const { real, dream, others, handles, strips } = scene;
  const { rem } = theme;
  const boxes = stacked(theme, surface, strips);
  const [plot] = boxes;
  const xAxis = axis(...RANGE, plot.left, plot.right);
  const tallest = Math.max(peak(real)[1], peak(dream)[1], ...others.map((law) => peak(law)[1]));
  const yAxis = axis(0, 1.08 * tallest, plot.bottom, plot.top);
  const x = [];
  for (let pixel = plot.left; pixel <= plot.right; pixel += 1.5) x.push(xAxis.value(pixel));
  for (const edge of [...jumps(real), ...jumps(dream)]) x.push(edge - 1e-9, edge + 1e-9);
  x.sort((a, b) => a - b);
  const logs = [real, dream].map((law) => x.map((place) => logDensity(law, place)));
  for (const law of others) {
    const points = x.map((place) => [xAxis.at(place), yAxis.at(Math.exp(logDensity(law, place)))]);
    stroke(context, theme, points, { colour: theme.text, dash: [2, 4], width: 0.1 });
  }
  LAWS.forEach(([name], i) => {
    const look = theme.of[name];
    const points = x.map((place, k) => [xAxis.at(place), yAxis.at(Math.exp(logs[i][k]))]);
    stroke(context, theme, points, { colour: look.colour, dash: look.dash, width: 0.15 });
  });
  if (strips) drawStrips(context, theme, surface, { boxes, xAxis, x, logs, real, dream });
  const last = boxes[boxes.length - 1];
  drawHorizontal(context, theme, { axis: xAxis, plot: last, ratio: surface.ratio, name: "x", nameEnd: last.right });
  LAWS.forEach(([name, letter], i) => {
    const law = scene[name];
    const look = theme.of[name];
    if (handles[name]) {
      const { mean, scale } = grips(name, law, xAxis, yAxis);
      context.fillStyle = look.colour;
      drawMark(context, look.mark, ...mean, ((i ? 0.42 : 0.54) + (held === handles[name][0] ? 0.14 : 0)) * rem);
      drawMark(context, i ? "box" : "ring", ...scale, (held === handles[name][1] ? 0.56 : 0.42) * rem);
    }
    const [densest, density] = peak(law);
    const beside = xAxis.at(densest) + (i ? -1.1 : 1.1) * rem;
    say(context, theme, letter, beside, Math.max(plot.top, yAxis.at(density)) + 0.2 * rem, { colour: look.text, weight: 600 });
  });
  for (const law of others) {
    const [densest, density] = peak(law);
    say(context, theme, law.label, xAxis.at(densest), yAxis.at(density) - 0.35 * rem);
  }
  return { plot, xAxis, yAxis };
}

function drawStrips(context, theme, surface, { boxes, xAxis, x, logs, real, dream }) {
  const [p, q] = logs;
  const term = (own, rival) =>
    x.map((_, k) => {
      if (own[k] === -Infinity) return 0;
      return rival[k] === -Infinity ? 0 : Math.exp(own[k]) * (own[k] - rival[k]);
    });
  const terms = [term(p, q), term(q, p)];
  const range = termRange(terms);
  const pairs = [
    [real, dream],
    [dream, real],
  ];
  pairs.forEach(([own, rival], which) => {
    const gaps = forbidden(own, rival);
    const note = !gaps.length && isTooHeavy(own, rival) ? "← ∞ from the tails →" : "";
    const at = { box: boxes[1 + which], xAxis, x, y: terms[which], range, gaps, note };
    drawTerm(context, theme, surface.ratio, which, at);
  });
}

/** Draw two densities that are given by their values. */
export function drawCurves(context, theme, surface, { x, p, q, terms, name, across }) {
  const { rem } = theme;
  const boxes = stacked(theme, surface, terms !== null, terms && GUTTER);
  const [plot] = boxes;
  const xAxis = axis(x[0], x[x.length - 1], plot.left, plot.right);
  // A density that is infinite at an end is cut where the other places are still seen.
  const sorted = [...p, ...q].sort((a, b) => a - b);
  const tallest = Math.min(sorted[sorted.length - 1], 2 * sorted[Math.floor(0.97 * sorted.length)]);
  const yAxis = axis(0, 1.08 * tallest, plot.bottom, plot.top);
  LAWS.forEach(([role, letter], i) => {
    const y = i ? q : p;
    const look = theme.of[role];
    const points = x.map((place, k) => [xAxis.at(place), yAxis.at(Math.min(1.08 * tallest, y[k]))]);
    stroke(context, theme, points, { colour: look.colour, dash: look.dash, width: 0.15 });
    const k = y.indexOf(Math.max(...y));
    const beside = Math.max(plot.left + rem, Math.min(plot.right - rem, points[k][0] + (i ? -1.1 : 1.1) * rem));
    say(context, theme, letter, beside, points[k][1] + 0.2 * rem, { colour: look.text, weight: 600 });
  });
  if (terms) {
    const range = termRange(terms);
    terms.forEach((y, which) => drawTerm(context, theme, surface.ratio, which, { box: boxes[1 + which], xAxis, x, y, range }));
  }
  const last = boxes[boxes.length - 1];
  drawHorizontal(context, theme, { axis: xAxis, plot: last, ratio: surface.ratio, name, nameEnd: last.right, apart: 4 });
  headed(context, theme, surface, across);
}
