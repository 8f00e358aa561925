// What samples say: a fan of running totals, the stops of a race, the flips of a coin.

import { drawMark } from "../run/marks.js";
import { acrossAt, framed, held, say, stroke, within } from "./frame.js";

const ENDLESS = 1e299;

/** Running totals: bands of many runs, a few of them one by one, and the line of the mean slope. */
export function drawFan(context, theme, surface, { samples, bands, mean, runs, unit, role }) {
  const last = samples[samples.length - 1];
  const finite = [...bands.flat(), ...runs.flat(), (mean ?? 0) * last].filter((value) => Math.abs(value) < ENDLESS);
  const all = [...bands.flat(), ...runs.flat()];
  const isOut = { above: all.some((value) => value > ENDLESS), below: all.some((value) => value < -ENDLESS) };
  const hasJumps = isOut.above || isOut.below;
  const [low, high] = spanned(finite, isOut);
  const { plot, xAxis, yAxis } = framed(context, theme, surface, {
    x: [0, last],
    y: [low, high],
    name: "samples",
    across: `evidence for P, in ${unit}`,
    key: "dark: half of the runs, light: nine tenths",
  });
  const { colour } = theme.of[role];
  // A refutation is a jump: where there is one, totals are drawn as the steps that they are.
  const line = (places, row) => {
    const points = [[xAxis.at(0), yAxis.at(0)]];
    row.forEach((total, i) => {
      const x = xAxis.at(places[i]);
      if (hasJumps) points.push([x, points[points.length - 1][1]]);
      points.push([x, yAxis.at(held(total, low, high))]);
    });
    return points;
  };
  const edge = (row) => line(samples, row);
  within(context, plot, () => {
    [
      [0, 4, 0.16],
      [1, 3, 0.26],
    ].forEach(([under, over, alpha]) => {
      context.globalAlpha = alpha;
      context.fillStyle = colour;
      context.beginPath();
      for (const [x, y] of [...edge(bands[over]), ...edge(bands[under]).reverse()]) context.lineTo(x, y);
      context.fill();
    });
    context.globalAlpha = 1;
    for (const run of runs) {
      const points = line(run.map((_, i) => i + 1), run);
      stroke(context, theme, points, { colour, width: 0.07, alpha: 0.75 });
    }
    if (mean !== null) {
      const points = [0, last].map((n) => [xAxis.at(n), yAxis.at(mean * n)]);
      stroke(context, theme, points, { colour: theme.text, width: 0.17 });
    }
  });
  acrossAt(context, theme, plot, yAxis.at(0), surface.ratio);
  const isDown = mean !== null && mean < 0;
  if (mean !== null) {
    const x = xAxis.at(0.62 * last);
    const y = yAxis.at(mean * 0.62 * last) + (isDown ? 1.3 : -0.6) * theme.rem;
    say(context, theme, "mean: slope KL", x, y, { align: "right", weight: 600 });
  }
  if (hasJumps) {
    const words = `∞: ${isOut.above ? "Q" : "P"} is ruled out`;
    const y = isOut.above ? plot.top + 1.2 * theme.rem : plot.bottom - 0.5 * theme.rem;
    say(context, theme, words, plot.right - 0.3 * theme.rem, y, { align: "right", weight: 600 });
  }
}

// A range with a margin, and a wider one on the side where something is beyond all numbers.
function spanned(values, isOut = {}) {
  const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)];
  const span = high - low || 1;
  return [low - (isOut.below ? 0.3 : 0.04) * span, high + (isOut.above ? 0.3 : 0.04) * span];
}

/** How many runs stopped when, Wald's law as a line, and the two means. */
export function drawRace(context, theme, surface, { edges, counts, expected, mean, ideal, role }) {
  const { rem } = theme;
  const most = Math.max(1, ...counts, ...(expected ?? []));
  const last = edges[edges.length - 1];
  const { plot, xAxis, yAxis } = framed(context, theme, surface, {
    x: [0, last],
    y: [0, 1.4 * most],
    name: "samples until it stopped",
    across: edges[1] > 1 ? `runs in ${edges[1]} samples` : "runs",
    key: expected ? "bars: the runs, line: Wald's law" : "",
  });
  const { colour, text } = theme.of[role];
  context.fillStyle = colour;
  context.globalAlpha = 0.5;
  counts.forEach((count, i) => {
    const [left, right] = [xAxis.at(edges[i]), xAxis.at(edges[i + 1])];
    const top = yAxis.at(count);
    context.fillRect(left + 0.5, top, Math.max(1, right - left - 1), plot.bottom - top);
  });
  context.globalAlpha = 1;
  if (expected) {
    const points = expected.map((count, i) => [xAxis.at((edges[i] + edges[i + 1]) / 2), yAxis.at(count)]);
    stroke(context, theme, points, { colour: theme.text, width: 0.14 });
  }
  const lines = [
    [mean, "mean", { colour, dash: [] }, text],
    [ideal, "threshold / KL", { colour: theme.text, dash: [6, 4] }, theme.text],
  ];
  const isFirstLeft = (mean ?? 0) <= (ideal ?? Infinity);
  lines.forEach(([value, label, look, ink], i) => {
    if (value === null || value > last) return;
    const x = xAxis.at(value);
    stroke(context, theme, [[x, plot.top], [x, plot.bottom]], { ...look, width: 0.12 });
    const isLeft = (i === 0) === isFirstLeft && x > 8 * rem;
    say(context, theme, label, x + (isLeft ? -0.4 : 0.4) * rem, plot.top + (i ? 2.2 : 0.9) * rem, {
      align: isLeft ? "right" : "left",
      colour: ink,
      weight: 600,
    });
  });
  if (!counts.some(Boolean)) say(context, theme, "no run has come so far", (plot.left + plot.right) / 2, (plot.top + plot.bottom) / 2);
}

/** The total after each flip of a coin, with the sides that it showed. */
export function drawFlips(context, theme, surface, { heads, totals, unit }) {
  const { rem, of } = theme;
  const count = heads.length;
  const across = Math.max(10, count);
  const finite = totals.filter((value) => Math.abs(value) < ENDLESS);
  const gone = totals.find((value) => Math.abs(value) >= ENDLESS);
  const y = spanned(finite.length ? finite : [-1, 1], { above: gone > 0, below: gone < 0 });
  const { plot, xAxis, yAxis } = framed(context, theme, surface, {
    x: [0, across],
    y,
    name: "flips",
    across: `evidence for P, in ${unit}`,
  });
  acrossAt(context, theme, plot, yAxis.at(0), surface.ratio);
  if (!count) {
    say(context, theme, "no flips yet", (plot.left + plot.right) / 2, (plot.top + plot.bottom) / 2);
    return;
  }
  const points = [[xAxis.at(0), yAxis.at(0)]];
  totals.forEach((total, i) => {
    const top = yAxis.at(held(total, ...y));
    points.push([xAxis.at(i), top], [xAxis.at(i + 1), top]);
  });
  stroke(context, theme, points, { colour: theme.text, width: 0.15 });
  const isRoomy = (plot.right - plot.left) / across > 1.1 * rem;
  const isApart = (plot.right - plot.left) / across > 0.5 * rem;
  heads.forEach((isHeads, i) => {
    const total = totals[i];
    const up = i ? total > totals[i - 1] || Math.abs(totals[i - 1]) >= ENDLESS : total > 0;
    const look = up ? of.real : of.dream;
    const [x, top] = [xAxis.at(i + 0.5), yAxis.at(held(total, ...y))];
    const above = total > 0 && top < plot.top + 2 * rem ? 1.4 : -0.5;
    if (isRoomy) say(context, theme, isHeads ? "H" : "T", x, top + above * rem, { colour: look.text, weight: 600 });
    else if (isApart) {
      context.fillStyle = look.colour;
      drawMark(context, look.mark, x, top, 0.2 * rem);
    }
  });
  if (gone !== undefined) {
    const text = `∞: ${gone > 0 ? "Q" : "P"} is ruled out`;
    const at = gone > 0 ? plot.top + 2.7 * rem : plot.bottom - 2 * rem;
    const first = totals.findIndex((value) => Math.abs(value) >= ENDLESS);
    const isRight = first > across / 2;
    say(context, theme, text, xAxis.at(first + (isRight ? 1 : 0)), at, {
      align: isRight ? "right" : "left",
      colour: of[gone > 0 ? "real" : "dream"].text,
      weight: 600,
    });
  }
}

