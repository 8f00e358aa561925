// Sums as bars, and what they are sums of: tables, ellipses, bars before and after; paths; tails.

import { drawEllipses } from "../divergence/tables.js";
import { acrossAt, framed, hatch, headed, say, stroke, within } from "../divergence/frame.js";
import { drawMark } from "../run/marks.js";
import { axis } from "../run/scales.js";

const ENDLESS = 1e299;
const SUM = 4.6; // rem for the bar and its name

/** A divergence as the sum of two, under a picture of what it is of. */
export function drawSplit(context, theme, surface, scene) {
  const { rem } = theme;
  const upper = { width: surface.width, height: surface.height - SUM * rem, ratio: surface.ratio };
  if (scene.tables) drawPair(context, theme, upper, scene.tables);
  else if (scene.ellipses) drawEllipses(context, theme, upper, { ...scene.ellipses, size: 2, axes: ["x", "z"] });
  else drawBeforeAfter(context, theme, upper, scene.bars, scene.names);
  drawSum(context, theme, surface, scene);
}

function drawSum(context, theme, surface, { names, values, texts }) {
  const { rem, of } = theme;
  const [left, right] = [0.3 * rem, surface.width - 0.3 * rem];
  const bottom = surface.height - 0.4 * rem;
  const top = bottom - 1.5 * rem;
  const [whole, first, second] = values;
  const looks = [
    { colour: of.real.colour, text: of.real.text, alpha: 0.75 },
    { colour: of.bound.colour, text: of.bound.text, alpha: 1 },
  ];
  say(context, theme, `${names[0]} = ${names[1]} + ${names[2]}`, left, top - 0.6 * rem, { align: "left", colour: of.bound.text });
  if (!(whole > 0)) {
    say(context, theme, "nothing to divide: zero", left, bottom - 0.35 * rem, { align: "left" });
    return;
  }
  if (whole > ENDLESS) {
    context.fillStyle = hatch(context, theme, of.bound.colour);
    context.fillRect(left, top, right - left, bottom - top);
    say(context, theme, "∞", (left + right) / 2, bottom - 0.35 * rem, { weight: 600 });
    return;
  }
  const length = axis(0, first + second, left, right);
  let from = 0;
  [first, second].forEach((value, i) => {
    const [start, end] = [length.at(from), length.at(from + value)];
    from += value;
    if (end - start < 0.5) return;
    context.globalAlpha = looks[i].alpha;
    context.fillStyle = i ? hatch(context, theme, looks[i].colour) : looks[i].colour;
    context.fillRect(start, top, end - start, bottom - top);
    context.globalAlpha = 1;
    context.strokeStyle = looks[i].colour;
    context.lineWidth = 0.1 * rem;
    context.strokeRect(start, top, end - start, bottom - top);
    const text = texts[i + 1];
    if (end - start > context.measureText(text).width + rem) say(context, theme, text, (start + end) / 2, bottom - 0.4 * rem, { weight: 600 });
  });
}

// Two tables of chances side by side, with what is seen summed up at their edge.
function drawPair(context, theme, box, { p, q, seen }) {
  const { rem, of } = theme;
  const isNarrow = box.width < 30 * rem;
  const gapBetween = (isNarrow ? 0.6 : 2.4) * rem;
  const side = (box.width - gapBetween) / 2;
  [p, q].forEach((table, which) => {
    const look = of[which ? "dream" : "real"];
    const x0 = which * (side + gapBetween);
    const rows = table.length;
    const columns = table[0].length;
    const room = { left: x0 + 1.6 * rem, right: x0 + side - (seen === 0 ? (isNarrow ? 2.6 : 4.2) * rem : 0.4 * rem), top: 2.6 * rem, bottom: box.height - (seen === 1 ? 2 * rem : 0.6 * rem) };
    const [wide, high] = [(room.right - room.left) / columns, (room.bottom - room.top) / rows];
    say(context, theme, which ? "Q" : "P", x0 + 0.5 * rem, 0.95 * rem, { colour: look.text, weight: 600 });
    say(context, theme, "z →", room.left, 2.1 * rem, { align: "left", colour: of.bound.text });
    say(context, theme, "x ↓", x0 + 0.7 * rem, room.top + 1.1 * rem, { colour: of.bound.text });
    table.forEach((row, i) => {
      row.forEach((value, j) => {
        const at = [room.left + j * wide, room.top + i * high, wide - 2, high - 2];
        context.globalAlpha = Math.min(1, 0.06 + 0.8 * value);
        context.fillStyle = look.colour;
        context.fillRect(...at);
        context.globalAlpha = 1;
        context.strokeStyle = look.colour;
        context.lineWidth = 1;
        context.setLineDash(which ? [4, 3] : []);
        context.strokeRect(...at);
        context.setLineDash([]);
        if (wide > 2 * rem) say(context, theme, chance(value), at[0] + wide / 2, at[1] + high / 2 + 0.35 * rem);
      });
    });
    const edge = { colour: look.text, weight: 600 };
    if (seen === 0) {
      table.forEach((row, i) => say(context, theme, chance(total(row)), room.right + 0.3 * rem, room.top + (i + 0.5) * high + 0.35 * rem, { ...edge, align: "left" }));
    } else {
      for (let j = 0; j < columns; j += 1) {
        say(context, theme, chance(total(table.map((row) => row[j]))), room.left + (j + 0.5) * wide, room.bottom + 1.3 * rem, edge);
      }
    }
  });
}

const total = (row) => row.reduce((sum, value) => sum + value, 0);
const chance = (value) => String(Number(value.toFixed(3)));

// Bars of P and Q twice: as they were, and with some no longer told apart.
function drawBeforeAfter(context, theme, box, bars, names) {
  const { rem, of } = theme;
  const gapBetween = 2 * rem;
  const side = (box.width - gapBetween) / 2;
  const most = 1.15 * Math.max(...bars.flatMap(({ p, q }) => [...p, ...q]));
  bars.forEach(({ p, q, groups }, which) => {
    const x0 = which * (side + gapBetween);
    const plot = { left: x0, right: x0 + side, top: 1.6 * rem, bottom: box.height - 1.6 * rem };
    const height = axis(0, most, plot.bottom, plot.top);
    const step = side / p.length;
    const thick = Math.min(0.38 * step, 2.4 * rem);
    p.forEach((_, i) => {
      const middle = x0 + (i + 0.5) * step;
      [p[i], q[i]].forEach((value, k) => {
        const look = of[k ? "dream" : "real"];
        const at = [k ? middle : middle - thick, height.at(value), thick, plot.bottom - height.at(value)];
        context.fillStyle = look.colour;
        context.globalAlpha = k ? 0.35 : 1;
        context.fillRect(...at);
        context.globalAlpha = 1;
        context.strokeStyle = look.colour;
        context.lineWidth = 0.12 * rem;
        context.setLineDash(k ? [6, 3] : []);
        if (value > 0) context.strokeRect(...at);
        context.setLineDash([]);
      });
      say(context, theme, String.fromCharCode(65 + groups[i]), middle, plot.bottom + 1.3 * rem, { colour: of.bound.text });
    });
    acrossAt(context, theme, plot, plot.bottom, box.ratio);
    say(context, theme, which ? names[1].replace("KL of ", "").replace("KL ", "") : names[0].replace("KL ", ""), x0, 0.95 * rem, { align: "left", colour: of.bound.text });
  });
}

/** How often runs from P speak for Q, on a logarithmic scale, under the line that they stay under. */
export function drawTail(context, theme, surface, { levels, bound, last, ever, errors, lowest, unit }) {
  const { rem, of } = theme;
  const log = (share) => Math.log10(Math.max(share, lowest / 2));
  const floor = Math.log10(lowest) - 0.2;
  const { plot, xAxis, yAxis } = framedByTens(context, theme, surface, { low: floor, most: levels.at(-1), unit });
  const points = (row) => levels.map((level, i) => [xAxis.at(level), yAxis.at(log(row[i]))]);
  const seen = (row) => points(row).filter((_, i) => row[i] >= lowest);
  within(context, plot, () => {
    const upper = levels.map((level, i) => [xAxis.at(level), yAxis.at(log(ever[i] + 2 * errors[i]))]);
    const lower = levels.map((level, i) => [xAxis.at(level), yAxis.at(log(Math.max(lowest / 2, ever[i] - 2 * errors[i])))]);
    context.beginPath();
    for (const [x, y] of [...upper, ...lower.reverse()]) context.lineTo(x, y);
    context.closePath();
    context.fillStyle = of.real.colour;
    context.globalAlpha = 0.22;
    context.fill();
    context.globalAlpha = 1;
    stroke(context, theme, seen(ever), { colour: of.real.colour, width: 0.18 });
    stroke(context, theme, seen(last), { colour: of.real.colour, dash: [2, 4], width: 0.18 });
    stroke(context, theme, points(bound), { colour: of.bound.colour, dash: of.bound.dash, width: 0.18 });
  });
  const place = Math.round(0.62 * (levels.length - 1));
  say(context, theme, "bound e⁻ᵗ", xAxis.at(levels[place]) + 0.6 * rem, yAxis.at(log(bound[place])) - 0.5 * rem, { align: "left", colour: of.bound.text, weight: 600 });
  name(context, theme, seen(ever), "ever", of.real.text, 0.6, 1);
  name(context, theme, seen(last), "at the end", of.real.text, 0.5, -1);
}

// The name of a curve that falls: over it, to the right, or under it, to the left.
function name(context, theme, points, text, colour, share, way) {
  if (points.length < 2) return;
  const { rem } = theme;
  const [x, y] = points[Math.floor(share * (points.length - 1))];
  const align = way > 0 ? "left" : "right";
  say(context, theme, text, x + 0.4 * way * rem, y + (way > 0 ? -0.3 : 1.1) * rem, { align, colour, weight: 600 });
}

function framedByTens(context, theme, surface, { low, most, unit }) {
  const { rem, of } = theme;
  const plot = { left: 4.2 * rem, right: surface.width - 0.5 * rem, top: 1.7 * rem, bottom: surface.height - 1.7 * rem };
  const yAxis = axis(low, 0, plot.bottom, plot.top);
  const xAxis = axis(0, most, plot.left, plot.right);
  for (let power = 0; power >= Math.ceil(low); power -= 1) {
    const text = power > -3 ? `${100 * 10 ** power} %` : power === -3 ? "0.1 %" : "0.01 %";
    say(context, theme, text, plot.left - 0.5 * rem, yAxis.at(power) + 0.35 * rem, { align: "right", colour: of.bound.text });
    context.globalAlpha = 0.25;
    acrossAt(context, theme, plot, yAxis.at(power), surface.ratio);
    context.globalAlpha = 1;
  }
  acrossAt(context, theme, plot, plot.bottom, surface.ratio);
  const label = `t, evidence for Q, in ${unit}`;
  say(context, theme, label, plot.right, plot.bottom + 1.35 * rem, { align: "right", colour: of.bound.text });
  const room = plot.right - context.measureText(label).width - 1.2 * rem;
  for (const tick of xAxis.ticks(Math.max(3, Math.floor((plot.right - plot.left) / (3 * rem))))) {
    if (xAxis.at(tick) < room) say(context, theme, String(tick), xAxis.at(tick), plot.bottom + 1.35 * rem, { colour: of.bound.text });
  }
  headed(context, theme, surface, "share of runs from P", "band: two standard errors");
  return { plot, xAxis, yAxis };
}

/** Two divergences along the way of Q from one table to another, each on a scale of its own. */
export function drawPaths(context, theme, surface, { mixes, joint, marginal, mix, unit }) {
  const { rem, of } = theme;
  const room = 0.5 * surface.height;
  const rows = [
    { row: joint, colour: theme.text, text: theme.text, across: `KL of x and z, the bound, in ${unit}` },
    { row: marginal, colour: of.real.colour, text: of.real.text, across: `KL of x, in ${unit}` },
  ];
  rows.forEach(({ row, colour, text, across }, which) => {
    context.save();
    context.translate(0, which * room);
    const box = { width: surface.width, height: room, ratio: surface.ratio };
    const finite = row.filter((value) => value < ENDLESS);
    const most = 1.15 * Math.max(0, ...finite) || 1;
    const { plot, xAxis, yAxis } = framed(context, theme, box, { x: [0, 1], y: [0, most], name: which ? "way of Q" : "", across: "" });
    say(context, theme, across, 0, 0.95 * rem, { align: "left", colour: text, weight: 600 });
    const at = (value) => yAxis.at(Math.min(most, value));
    within(context, { ...plot, top: plot.top - 0.5 * rem, bottom: plot.bottom + 2 }, () => {
      stroke(context, theme, [[xAxis.at(mix), plot.top], [xAxis.at(mix), plot.bottom]], { colour: of.bound.colour, dash: of.bound.dash, width: 0.12 });
      const known = mixes.map((place, i) => [xAxis.at(place), at(row[i])]).filter((_, i) => row[i] < ENDLESS);
      stroke(context, theme, known, { colour, width: which ? 0.18 : 0.22 });
    });
    const here = row[Math.round(mix * (mixes.length - 1))];
    context.fillStyle = colour;
    drawMark(context, here < ENDLESS ? "circle" : "triangle", xAxis.at(mix), at(here), 0.45 * rem);
    row.forEach((value, i) => {
      // beside the line of the mark, whichever end it is at
      const aside = i ? -0.9 : 0.9;
      if (value >= ENDLESS) say(context, theme, "∞", xAxis.at(mixes[i]) + aside * rem, plot.top + 0.9 * rem, { colour: text, weight: 600 });
    });
    context.restore();
  });
}
