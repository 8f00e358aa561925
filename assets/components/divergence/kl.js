// Divergences while a hand moves, good to about a thousandth; the server has the exact ones.

import { logDensity } from "../densities/laws.js";

const REACH = 9; // standard deviations of a Gaussian, beyond which nothing is left
const FAR = 22; // the same for heavy tails, as a power of e
const NODES = 360;

// By which power of the distance the logarithm of a density falls, and which moments it has.
const FALLS = { Normal: 2, "Two normals": 2, Uniform: Infinity };
const FREEDOM = { "Student, 3 degrees": 3, "Student, 1 degree": 1 };

/** Where P may fall and Q may not, as intervals. */
export function forbidden(p, q) {
  if (q.family !== "Uniform") return [];
  const [low, high] = ends(q);
  const [start, end] = p.family === "Uniform" ? ends(p) : [-Infinity, Infinity];
  const pieces = [
    [start, Math.min(end, low)],
    [Math.max(start, high), end],
  ];
  return pieces.filter(([from, to]) => from < to);
}

/** Whether the tails of P are too heavy for what Q says of them to have a mean. */
export function isTooHeavy(p, q) {
  const freedom = FREEDOM[p.family];
  return freedom !== undefined && (FALLS[q.family] ?? 0) >= freedom;
}

/** KL[p; q] in nats. */
export function divergence(p, q) {
  if (forbidden(p, q).length || isTooHeavy(p, q)) return Infinity;
  const { family, mean, apart, share } = p;
  if (family !== "Two normals") return Math.max(0, average(p, p, q));
  const part = (shift) => ({ ...p, family: "Normal", mean: mean + shift });
  const value = share * average(part(-apart / 2), p, q) + (1 - share) * average(part(apart / 2), p, q);
  return Math.max(0, value);
}

// The mean of log p/q under one bump, on a grid that is even in the bump's own measure.
function average(bump, p, q) {
  const { family, mean, scale } = bump;
  const isFlat = family === "Uniform";
  const isHeavy = family in FREEDOM;
  const most = isFlat ? 1 : isHeavy ? FAR : REACH;
  let [sum, mass] = [0, 0];
  for (let i = 0; i < NODES; i += 1) {
    const u = most * ((2 * i + 1) / NODES - 1);
    const x = mean + scale * (isHeavy ? Math.sinh(u) : u);
    const density = Math.exp(logDensity(bump, x)) * (isHeavy ? Math.cosh(u) : 1);
    if (!(density > 0)) continue;
    sum += density * (logDensity(p, x) - logDensity(q, x));
    mass += density;
  }
  return sum / mass;
}

function ends({ mean, scale }) {
  return [mean - scale, mean + scale];
}
