// The terms of both divergences, one strip each over one axis: what is filled adds up to a KL.

import { axis } from "../run/scales.js";
import { OTHER, acrossAt, hatch, say, stroke, within } from "./frame.js";

export const TERMS = [
  ["real", "p log p/q"],
  ["dream", "q log q/p"],
];

/** Room left of strips whose names would stand in what they show, in rem. */
export const GUTTER = 5.2;

/** Boxes for a plot and, if `hasStrips`, two strips under it, `gutter` rem from the left. */
export function stacked(theme, surface, hasStrips, gutter = 0.4) {
  const { rem } = theme;
  const sides = { left: gutter * rem, right: surface.width - 0.4 * rem };
  const top = 1.2 * rem;
  const bottom = surface.height - 1.7 * rem;
  if (!hasStrips) return [{ ...sides, top, bottom }];
  const gap = 0.55 * rem;
  const high = (0.42 * (bottom - top)) | 0;
  const low = (bottom - top - high - 2 * gap) / 2;
  const first = { ...sides, top, bottom: top + high };
  const second = { ...sides, top: first.bottom + gap, bottom: first.bottom + gap + low };
  return [first, second, { ...sides, top: second.bottom + gap, bottom }];
}

/** One axis for both strips, so that their areas can be compared. */
export function termRange(terms) {
  const finite = terms.flatMap((row) => [...row].filter((value) => Math.abs(value) < 1e299));
  const [low, high] = [Math.min(0, ...finite), Math.max(0, ...finite)];
  return high > low ? [low - 0.04 * (high - low), high + 0.04 * (high - low)] : [-1, 1];
}

/** Name a strip: at the left of the picture, where its gutter is, if it has one. */
export function nameTerm(context, theme, which, box) {
  const [role, name] = TERMS[which];
  const look = { align: "left", colour: theme.of[role].text };
  say(context, theme, name, 0.4 * theme.rem, box.top + 0.9 * theme.rem, look);
}

/** A strip of a density: the curve, filled above zero and hatched below. */
export function drawTerm(context, theme, ratio, which, { box, xAxis, x, y, range, gaps, note }) {
  const [role] = TERMS[which];
  const rival = which ? "P" : "Q";
  const { rem, of } = theme;
  const yAxis = axis(...range, box.bottom, box.top);
  const zero = yAxis.at(0);
  const points = x.map((place, i) => [xAxis.at(place), yAxis.at(Math.max(range[0], Math.min(range[1], y[i])))]);
  const area = () => {
    context.beginPath();
    context.moveTo(points[0][0], zero);
    for (const [px, py] of points) context.lineTo(px, py);
    context.lineTo(points[points.length - 1][0], zero);
    context.fill();
  };
  within(context, { ...box, bottom: zero }, () => {
    context.globalAlpha = 0.4;
    context.fillStyle = of[role].colour;
    area();
  });
  within(context, { ...box, top: zero }, () => {
    context.fillStyle = hatch(context, theme, of[OTHER[role]].colour);
    area();
  });
  acrossAt(context, theme, box, zero, ratio);
  within(context, box, () => stroke(context, theme, points, { colour: of[role].colour, dash: of[role].dash, width: 0.1 }));
  for (const [from, to] of gaps ?? []) {
    const left = Math.max(box.left, xAxis.at(from));
    const right = Math.min(box.right, xAxis.at(to));
    if (right <= left) continue;
    context.fillStyle = hatch(context, theme, of.bound.colour);
    context.fillRect(left, box.top, right - left, box.bottom - box.top);
    const words = `∞: ${rival} never falls here`;
    const text = right - left > 0.56 * words.length * rem ? words : "∞";
    say(context, theme, text, (left + right) / 2, (box.top + box.bottom) / 2 + 0.4 * rem, { weight: 600 });
  }
  nameTerm(context, theme, which, box);
  if (note) say(context, theme, note, box.right - 0.1 * rem, box.top + 0.9 * rem, { align: "right", weight: 600 });
}
