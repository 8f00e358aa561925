// The terms of both divergences, one strip each over one axis: what is filled adds up to a KL.

import { axis } from "../run/scales.js";
import { OTHER, acrossAt, hatch, say, stroke, within } from "./frame.js";

export const TERMS = [
  ["real", "p log p/q"],
  ["dream", "q log q/p"],
];

/** Boxes for a plot and, if `hasStrips`, two strips under it. */
export function stacked(theme, surface, hasStrips) {
  const { rem } = theme;
  const sides = { left: 0.4 * rem, right: surface.width - 0.4 * rem };
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

/** A strip of a density: the curve, filled above zero and hatched below. */
export function drawTerm(context, theme, ratio, which, { box, xAxis, x, y, range, gaps, note }) {
  const [role, name] = TERMS[which];
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
    say(context, theme, "∞", (left + right) / 2, (box.top + box.bottom) / 2 + 0.4 * rem, { weight: 600 });
  }
  say(context, theme, name, box.left + 0.1 * rem, box.top + 0.9 * rem, { align: "left", colour: of[role].text });
  if (note) say(context, theme, note, box.right - 0.1 * rem, box.top + 0.9 * rem, { align: "right", weight: 600 });
}
