// What a model costs: cross-entropies along the way, and the bars that add up to the divergence.

import { drawVertical, leftMargin, segment, verticalTicks } from "../run/axes.js";
import { crisp, setFont } from "../run/canvas.js";
import { fixed } from "../run/format.js";
import { drawMark } from "../run/marks.js";
import { axis, padded } from "../run/scales.js";
import { hatch, say, stroke, within } from "../divergence/frame.js";

const WIDEST = "−0.00000";

/**
 * Curves over the places of frames: `xs` rising numbers, `labels` their names, `curves` with
 * `values` (null where infinite), `look` and `name`, `floor` a level to compare with, or null, and
 * what it is called.
 * Returns the plot and the axis by which a hand finds a frame.
 */
export function drawCurves(context, theme, ratio, box, { xs, labels, curves, floor, floorName = "", at, name }) {
  const { rem, of } = theme;
  const plot = { top: box.top + 1.6 * rem, bottom: box.bottom - 1.6 * rem, right: box.right - 0.6 * rem };
  const values = curves.flatMap((curve) => curve.values).filter(Number.isFinite);
  const first = curves[0].values.filter(Number.isFinite);
  const low = Math.min(...values, floor ?? Infinity);
  const high = Math.min(Math.max(...values), Math.max(...first) + 1.5);
  const range = values.length ? padded(low, high, 0.07) : [0, 1];
  const ticks = verticalTicks(axis(...range, plot.bottom, plot.top), plot, rem);
  plot.left = box.left + leftMargin(context, theme, ticks);
  const yAxis = axis(...range, plot.bottom, plot.top);
  const xAxis = axis(xs[0], Math.max(xs.at(-1), xs[0] + 1e-9), plot.left + 0.4 * rem, plot.right - 0.4 * rem);
  drawVertical(context, theme, { axis: yAxis, ticks, plot, ratio, hasLines: true });
  say(context, theme, "nats", box.left, box.top + 0.95 * rem, { align: "left", colour: of.bound.text });
  context.strokeStyle = of.bound.text;
  segment(context, plot.left, crisp(plot.bottom, ratio), plot.right, crisp(plot.bottom, ratio));
  named(context, theme, plot, xAxis, { xs, labels, name });
  if (floor !== null) {
    const place = yAxis.at(floor);
    stroke(context, theme, [[plot.left, place], [plot.right, place]], { colour: of.bound.colour, dash: of.bound.dash, width: 0.16 });
    say(context, theme, floorName, plot.left + 0.4 * rem, place - 0.35 * rem, { align: "left", colour: of.bound.text });
  }
  within(context, { ...plot, top: plot.top - 3, bottom: plot.bottom + 2 }, () => {
    for (const { values: row, look } of curves) {
      const known = row.map((value, i) => [value, i]).filter(([value]) => Number.isFinite(value));
      const points = known.map(([value, i]) => [xAxis.at(xs[i]), yAxis.at(value)]);
      stroke(context, theme, points, { colour: look.colour, dash: look.dash, width: 0.15 });
    }
    if (xs[at] === undefined) return;
    context.strokeStyle = theme.text;
    context.lineWidth = 1 / ratio;
    const place = crisp(xAxis.at(xs[at]), ratio);
    segment(context, place, plot.top, place, plot.bottom);
    for (const { values: row, look } of curves) {
      if (!Number.isFinite(row[at])) {
        say(context, theme, "↑ infinite", place - 0.4 * rem, plot.top + 0.9 * rem, { align: "right", colour: look.text });
        continue;
      }
      context.fillStyle = look.colour;
      if (row[at] <= range[1]) drawMark(context, look.mark, xAxis.at(xs[at]), yAxis.at(row[at]), 0.36 * rem);
      else say(context, theme, `↑ ${fixed(row[at], 1)}`, place - 0.4 * rem, plot.top + 0.9 * rem, { align: "right", colour: look.text });
    }
  });
  keyed(context, theme, box, curves);
  return { plot, xAxis };
}

function named(context, theme, plot, xAxis, { xs, labels, name }) {
  const { rem, of } = theme;
  const baseline = plot.bottom + 1.3 * rem;
  say(context, theme, name, plot.right, baseline, { align: "right", colour: of.bound.text });
  let free = plot.left - rem;
  const end = plot.right - context.measureText(name).width - 0.8 * rem;
  xs.forEach((x, i) => {
    const half = context.measureText(labels[i]).width / 2;
    const place = xAxis.at(x);
    if (place - half < free + 0.5 * rem || place + half > end) return;
    say(context, theme, labels[i], place, baseline, { colour: of.bound.text });
    free = place + half;
  });
}

// Which curve is which, at the right over the plot, if there is room.
function keyed(context, theme, box, curves) {
  const { rem } = theme;
  let right = box.right - 0.6 * rem;
  for (const { name, look } of [...curves].reverse()) {
    say(context, theme, name, right, box.top + 0.95 * rem, { align: "right", colour: look.text, weight: 600 });
    right -= context.measureText(name).width + 0.55 * rem;
    context.fillStyle = look.colour;
    drawMark(context, look.mark, right, box.top + 0.65 * rem, 0.32 * rem);
    right -= 0.9 * rem;
  }
}

/**
 * Bars over one scale from `low` to `high`, the same for all frames. Each has `name`, `text`,
 * `look`, and goes `from` one value to another: null where it is not known, and cut at the end of
 * the scale where it is longer, or infinite. One that `isCut` has been cut already.
 */
export function drawBars(context, theme, ratio, box, { bars, low, high }) {
  const { rem } = theme;
  const widest = (key) => Math.max(...bars.map((bar) => context.measureText(bar[key]).width));
  setFont(context, theme, 1, 600);
  const left = box.left + widest("name") + 0.6 * rem;
  const right = box.right - Math.max(context.measureText(WIDEST).width, widest("text")) - 0.5 * rem;
  const scale = axis(low, high, left, right);
  const within = (value) => scale.at(Math.max(low, Math.min(high, value)));
  const step = (box.bottom - box.top) / bars.length;
  bars.forEach(({ name, from = 0, to, text, look, isCut = to > high }, i) => {
    const middle = box.top + (i + 0.5) * step;
    const thick = Math.min(0.7 * step, 1.4 * rem);
    say(context, theme, name, box.left, middle + 0.35 * rem, { align: "left", colour: look.text, weight: 600 });
    say(context, theme, text, box.right, middle + 0.35 * rem, { align: "right" });
    if (to === null || to === undefined) return;
    const [start, end] = [within(from), within(to)].sort((a, b) => a - b);
    context.fillStyle = look.isHatched ? hatch(context, theme, look.colour) : look.colour;
    context.globalAlpha = look.isHatched ? 1 : 0.8;
    context.fillRect(start, middle - thick / 2, Math.max(end - start, 1 / ratio), thick);
    context.globalAlpha = 1;
    if (isCut) say(context, theme, "→", end + 0.1 * rem, middle + 0.35 * rem, { align: "left", colour: look.text });
  });
  context.strokeStyle = theme.text;
  context.lineWidth = 1 / ratio;
  const zero = crisp(scale.at(0), ratio);
  segment(context, zero, box.top, zero, box.bottom);
}
