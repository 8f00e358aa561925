// The frame of a plot: its axes, with numbers that stand apart.

import { tick } from "../run/format.js";
import { axis, linear, linearTicks } from "../run/scales.js";
import { draw, label } from "./svg.js";

/** Ticks at 1, 2 or 5 times a power of ten within [low, high], or at fewer and fewer of them. */
export function powerTicks(low, high, most) {
  const first = Math.floor(Math.log10(low));
  const last = Math.ceil(Math.log10(high));
  const decades = Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
  const within = (value) => value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9);
  const fine = decades.flatMap((power) => [power, 2 * power, 5 * power]).filter(within);
  if (fine.length <= most) return fine;
  const coarse = decades.filter(within);
  const stride = Math.ceil(coarse.length / Math.max(1, most));
  return coarse.length < 2 ? linearTicks(low, high, most) : coarse.filter((_, i) => i % stride === 0);
}

const powers = { of: Math.log, inverse: Math.exp, ticks: powerTicks };

/** The map from numbers to pixels, by their logarithm if so asked. */
export function scaled(low, high, start, end, isLogarithmic) {
  return axis(low, high, start, end, isLogarithmic ? powers : linear);
}

const SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/** A tick, where it is small or large as a power of ten. */
export function short(value) {
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-3 && size < 1e4)) return tick(value);
  const power = Math.floor(Math.log10(size) + 1e-9);
  const digits = [...String(Math.abs(power))].map((digit) => SUPERSCRIPTS[digit]).join("");
  const lead = Number((value / 10 ** power).toPrecision(3));
  return `${lead === 1 ? "" : `${lead}·`}10${power < 0 ? "⁻" : ""}${digits}`;
}

/** The line under a plot with its ticks and their numbers, and the axis' name below those. */
export function under(svg, { x, plot, rem, name = "", ticks = null }) {
  const { left, right, bottom } = plot;
  svg.append(draw("line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom }));
  let free = -Infinity; // where the last number ends
  for (const value of ticks ?? x.ticks(Math.max(2, Math.floor((right - left) / (3 * rem))))) {
    const place = x.at(value);
    const half = 0.28 * rem * short(value).length;
    svg.append(
      draw("line", { class: "axis", x1: place, x2: place, y1: bottom, y2: bottom + 0.25 * rem }),
    );
    if (place - half < free) continue;
    free = place + half + 0.4 * rem;
    svg.append(label(place, bottom + 1.3 * rem, short(value), "middle", { class: "tick" }));
  }
  if (name) svg.append(label(right, bottom + 2.4 * rem, name, "end", { class: "tick" }));
}

/** Numbers left of a plot, each with a faint line across. */
export function beside(svg, { y, plot, rem }) {
  const { left, right, top, bottom } = plot;
  for (const value of y.ticks(Math.max(3, Math.floor((bottom - top) / (1.7 * rem))))) {
    const place = y.at(value);
    svg.append(draw("line", { class: "across", x1: left, x2: right, y1: place, y2: place }));
    const text = { class: "tick", "dominant-baseline": "central" };
    svg.append(label(left - 0.4 * rem, place, short(value), "end", text));
  }
}
