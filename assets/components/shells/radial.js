// Along a radius: density, room and mass, each by its own height; and the mass within a boundary.

import { framed, hatch, say, stroke, within } from "../divergence/frame.js";
import { drawMark } from "../run/marks.js";
import * as law from "./law.js";

const POINTS = 160;
const LEAST = -60; // nats under the highest below which a curve is at zero

/** How far the axis goes: the shell stays in sight, and the middle too. */
export const furthest = (d) => 1.45 * Math.sqrt(d) + 2.5;

// Radii to draw at: evenly, and closer together where the mass is, and in the middle.
function radii(d, most = furthest(d)) {
  const even = Array.from({ length: POINTS }, (_, i) => (i / (POINTS - 1)) * most);
  const around = (centre) => Array.from({ length: 64 }, (_, i) => centre + (i - 32) / 8);
  return [...even, ...around(0), ...around(law.mode(d))].filter((r) => r >= 0 && r <= most).sort((a, b) => a - b);
}

/** Nats under its highest of each, on an axis to `most`: density, room and mass. */
export function curves(d, most = furthest(d)) {
  const mode = law.mode(d);
  const room = (r, at) => (d > 1 ? (d - 1) * Math.log(r / at) : 0);
  return {
    density: (r) => -0.5 * r * r,
    volume: (r) => room(r, most),
    mass: (r) => (d > 1 ? room(r, mode) - 0.5 * (r * r - mode * mode) : -0.5 * r * r),
  };
}

/** Density, room and mass along the radius. */
export function drawShell(context, theme, surface, { d, isLog, reach }) {
  const { rem, of } = theme;
  const most = reach ?? furthest(d);
  const depth = Math.max(8, 0.62 * d);
  const y = isLog ? [-depth, 0.14 * depth] : [0, 1.2];
  const across = isLog ? "nats under the highest of each" : "share of the highest of each";
  const { plot, xAxis, yAxis } = framed(context, theme, surface, { x: [0, most], y, name: "radius r", across, key: "" });
  const height = (nats) => yAxis.at(isLog ? Math.max(nats, -4 * depth) : Math.exp(nats));
  const places = radii(d, most);
  const looks = {
    volume: { colour: of.bound.colour, dash: of.bound.dash, width: 0.18 },
    density: { colour: of.dream.colour, dash: of.dream.dash, width: 0.2 },
    mass: { colour: theme.text, width: 0.24 },
  };
  const all = curves(d, most);
  const mode = law.mode(d);
  within(context, plot, () => {
    if (!isLog) fillUnder(context, theme, plot, places.map((r) => [xAxis.at(r), height(all.mass(r))]), theme.text);
    for (const name of ["volume", "density", "mass"]) {
      stroke(context, theme, places.map((r) => [xAxis.at(r), height(all[name](r))]), looks[name]);
    }
    stroke(context, theme, [[xAxis.at(mode), plot.bottom], [xAxis.at(mode), height(0)]], { colour: of.bound.colour, dash: [2, 4], width: 0.1 });
  });
  context.fillStyle = theme.text;
  drawMark(context, "ring", xAxis.at(mode), height(0), 0.4 * rem);
  context.fillStyle = of.dream.colour;
  drawMark(context, "square", xAxis.at(0), height(0), 0.35 * rem);
  nameShell(context, theme, { plot, xAxis, height, d, mode, most, isLog });
  if (isLog && d > 12) showAdvantage(context, theme, { xAxis, height, d });
  return { plot, xAxis, yAxis };
}

function nameShell(context, theme, { plot, xAxis, height, d, mode, most, isLog }) {
  const { rem, of } = theme;
  const text = `mass, highest at √(d − 1) = ${mode.toFixed(2)}`;
  setEnds(context, theme, text, xAxis.at(mode), height(0) - 0.75 * rem, plot, { weight: 600 });
  const share = Math.log(0.62);
  const densityAt = isLog ? 0.3 * Math.sqrt(d) : Math.sqrt(-2 * share);
  const densityY = isLog ? height(-0.5 * densityAt ** 2) + 1.6 * rem : height(share) + 0.2 * rem;
  if (d > 1) say(context, theme, "density", xAxis.at(densityAt) + (isLog ? 0 : 0.5 * rem), densityY, { align: isLog ? "right" : "left", colour: of.dream.text, weight: 600 });
  const low = Math.log(0.3);
  const room = { colour: of.bound.text, weight: 600 };
  if (isLog && d > 1) {
    const at = 0.68 * most;
    say(context, theme, "volume", xAxis.at(at) + 0.4 * rem, height((d - 1) * Math.log(at / most)) + 1.3 * rem, { ...room, align: "left" });
    return;
  }
  const at = d > 2 ? most * Math.exp(low / (d - 1)) : 0.93 * most;
  const y = d > 2 ? height(low) : height(d > 1 ? Math.log(0.93) : 0) + 1.6 * rem;
  say(context, theme, d > 1 ? "volume" : "volume: none to win", xAxis.at(at) - 0.5 * rem, y, { ...room, align: "right" });
}

// Text around a place, moved so that it stays within the plot.
function setEnds(context, theme, text, x, y, { left, right }, look) {
  const half = context.measureText(text).width / 2 + 1.2 * theme.rem;
  say(context, theme, text, Math.max(left + half, Math.min(right - half, x)), y, look);
}

// How far the density has fallen where the draws are.
function showAdvantage(context, theme, { xAxis, height, d }) {
  const { rem, of } = theme;
  const x = xAxis.at(Math.sqrt(d));
  const [top, bottom] = [height(0), height(-d / 2)];
  stroke(context, theme, [[x, top], [x, bottom]], { colour: of.dream.colour, width: 0.16 });
  context.fillStyle = of.dream.colour;
  drawMark(context, "square", x, bottom, 0.35 * rem);
  say(context, theme, `d/2 = ${d / 2} nats`, x + 0.6 * rem, 0.45 * top + 0.55 * bottom, { align: "left", colour: of.dream.text, weight: 600 });
}

function fillUnder(context, theme, plot, points, colour, alpha = 0.12) {
  if (!points.length) return;
  context.beginPath();
  context.moveTo(points[0][0], plot.bottom);
  for (const [x, y] of points) context.lineTo(x, y);
  context.lineTo(points.at(-1)[0], plot.bottom);
  context.closePath();
  context.globalAlpha = alpha;
  context.fillStyle = colour;
  context.fill();
  context.globalAlpha = 1;
}

/** The law of the radius, filled where it is inside. */
export function drawWithin(context, theme, surface, { d, key, reach }) {
  const { rem, of } = theme;
  const most = furthest(d);
  const isBall = key === "radius";
  const middle = Math.sqrt(d);
  const ends = isBall ? [0, reach] : [Math.max(0, middle - reach), middle + reach];
  const { plot, xAxis, yAxis } = framed(context, theme, surface, { x: [0, most], y: [0, 1.2], name: "radius r", across: "mass, share of the highest", key: "drag the boundary" });
  const { mass } = curves(d);
  const height = (r) => yAxis.at(Math.exp(Math.max(LEAST, mass(r))));
  const inside = [ends[0], ...radii(d).filter((r) => r > ends[0] && r < ends[1]), Math.min(most, ends[1])];
  within(context, plot, () => {
    const points = inside.map((r) => [xAxis.at(r), height(r)]);
    fillUnder(context, theme, plot, points, theme.text, 0.3);
    fillUnder(context, theme, plot, points, hatch(context, theme, theme.text), 0.35);
    stroke(context, theme, radii(d).map((r) => [xAxis.at(r), height(r)]), { colour: theme.text, width: 0.22 });
    const edges = isBall ? [ends[1]] : ends;
    for (const edge of edges) stroke(context, theme, [[xAxis.at(edge), plot.top], [xAxis.at(edge), plot.bottom]], { colour: of.bound.colour, width: 0.16 });
  });
  const x = Math.max(plot.left, Math.min(plot.right, xAxis.at(ends[1])));
  context.fillStyle = of.bound.colour;
  drawMark(context, "diamond", x, plot.top + 0.7 * rem, 0.5 * rem);
  const name = isBall ? "r" : "√d + ε";
  const isRight = x > plot.right - 8 * rem;
  if (!isBall && ends[0] > 0) {
    const left = xAxis.at(ends[0]);
    const isTight = left < plot.left + 5 * rem;
    const below = isTight !== isRight && x - left < 6 * rem ? 2.4 : 1.1; // both on one side
    say(context, theme, "√d − ε", left + (isTight ? 0.4 : -0.4) * rem, plot.top + below * rem, { align: isTight ? "left" : "right", colour: of.bound.text, weight: 600 });
  }
  say(context, theme, reach > most ? `${name} is further out →` : name, x + (isRight ? -0.8 : 0.8) * rem, plot.top + 1.1 * rem, { align: isRight ? "right" : "left", colour: of.bound.text, weight: 600 });
  return { plot, xAxis, yAxis };
}
