// The picture of a box: its samples, what is known of p, and the density of a model, on a line or
// in a plane.

import { drawHorizontal } from "../run/axes.js";
import { drawMark } from "../run/marks.js";
import { axis } from "../run/scales.js";
import { acrossAt, say, stroke, within } from "../divergence/frame.js";
import { EDGE, SIDE, contour, onGrid, places } from "./laws.js";

const LEVELS = [0.06, 0.4]; // of p's peak, where its contours run
const MOST_OVER = 2.6; // a model's curve is drawn up to so many times p's peak

/** What was worked out of a law, remembered with it. */
const kept = new WeakMap();

/** The density of a law on the grid, worked out once. */
export function grid(law, samples, dims) {
  if (law instanceof Float32Array || law instanceof Float64Array) return law;
  if (!kept.has(law)) kept.set(law, onGrid(law, samples, dims));
  return kept.get(law);
}

/** Axes of the picture in a box. */
export function pictured(theme, box, dims) {
  const { rem } = theme;
  if (dims === 1) {
    const plot = { left: box.left + 0.3 * rem, right: box.right - 0.3 * rem, top: box.top + 1.5 * rem, bottom: box.bottom - 1.6 * rem };
    return { plot, xAxis: axis(-EDGE, EDGE, plot.left, plot.right) };
  }
  const side = Math.min(box.right - box.left, box.bottom - box.top);
  const left = box.left + (box.right - box.left - side) / 2;
  const plot = { left, right: left + side, top: box.top, bottom: box.top + side };
  return { plot, xAxis: axis(-EDGE, EDGE, plot.left, plot.right), yAxis: axis(-EDGE, EDGE, plot.bottom, plot.top) };
}

/**
 * Draw it. `real` is p or null, `models` are pairs of a law and how it is drawn, `fallen(i)` is how
 * far a sample has fallen, from 0 to 1.
 */
export function drawPicture(context, theme, ratio, box, { dims, samples, real, models, fallen = () => 1 }) {
  const axes = pictured(theme, box, dims);
  if (dims === 1) drawLine(context, theme, ratio, axes, { samples, real, models, fallen });
  else drawPlane(context, theme, axes, { samples, real, models, fallen });
  return axes;
}

// -- On a line -----------------------------------------------------------------------------------

function drawLine(context, theme, ratio, axes, { samples, real, models, fallen }) {
  const { plot, xAxis } = axes;
  const { rem, of } = theme;
  const at = places(1);
  const curves = models.map(({ law, look, name }) => ({ values: grid(law, samples, 1), look, name }));
  const known = real ? grid(real, samples, 1) : null;
  const peak = Math.max(...(known ?? [0.3]));
  const highest = Math.min(MOST_OVER * peak, Math.max(peak, ...curves.map(({ values }) => Math.max(...values))));
  const floor = plot.bottom - (samples.length ? 2.2 * rem : 0);
  axes.yAxis = axis(0, 1.06 * highest, floor, plot.top);
  const points = (values) => Array.from(at, (x, i) => [xAxis.at(x), axes.yAxis.at(Math.min(values[i], 1.2 * highest))]);
  within(context, { ...plot, bottom: floor }, () => {
    if (known) {
      const outline = points(known);
      context.beginPath();
      context.moveTo(xAxis.at(-EDGE), floor);
      for (const [x, y] of outline) context.lineTo(x, y);
      context.lineTo(xAxis.at(EDGE), floor);
      context.globalAlpha = 0.18;
      context.fillStyle = of.real.colour;
      context.fill();
      context.globalAlpha = 1;
      stroke(context, theme, outline, { colour: of.real.colour, width: 0.13 });
    }
    for (const { values, look } of curves) stroke(context, theme, points(values), look);
  });
  let before = null;
  for (const { values, name } of curves) {
    if (!name) continue;
    const [x, y] = points(values).reduce((best, point) => (point[1] < best[1] ? point : best));
    const high = Math.max(plot.top, y);
    const isOver = before && Math.abs(x - before.x) < 3.8 * rem && Math.abs(high - before.high) < 1.2 * rem;
    before = { x: isOver ? before.x + 3.8 * rem : x, high };
    say(context, theme, name, before.x, high - 0.35 * rem, { colour: of.dream.text, weight: 600 });
  }
  acrossAt(context, theme, plot, floor, ratio);
  drawHorizontal(context, theme, { axis: xAxis, plot, ratio, name: "x", nameEnd: plot.right });
  pile(context, theme, axes, samples, floor, fallen);
}

// Samples under the curves, one upon the other where they are close.
function pile(context, theme, { plot, xAxis }, samples, floor, fallen) {
  const { rem, of } = theme;
  const radius = Math.max(1.5, Math.min(0.26 * rem, (0.1 * (plot.right - plot.left)) / Math.sqrt(samples.length + 1)));
  const wide = 1.6 * radius;
  const heights = new Map();
  const deepest = plot.bottom - floor - radius;
  context.fillStyle = of.real.colour;
  samples.forEach(([x], i) => {
    const column = Math.round(xAxis.at(x) / wide);
    const count = heights.get(column) ?? 0;
    heights.set(column, count + 1);
    const rest = floor + 0.25 * rem + radius + ((count * wide) % Math.max(wide, deepest));
    const y = plot.top + (rest - plot.top) * fallen(i);
    if (fallen(i) <= 0) return;
    context.globalAlpha = 0.75;
    drawMark(context, of.real.mark, column * wide, y, radius);
  });
  context.globalAlpha = 1;
}

// -- In a plane ----------------------------------------------------------------------------------

function drawPlane(context, theme, { plot, xAxis, yAxis }, { samples, real, models, fallen }) {
  const { rem, of } = theme;
  context.strokeStyle = of.bound.colour;
  context.lineWidth = 1;
  context.globalAlpha = 0.5;
  context.strokeRect(plot.left + 0.5, plot.top + 0.5, plot.right - plot.left - 1, plot.bottom - plot.top - 1);
  context.globalAlpha = 1;
  const shaded = models.find(({ isShaded }) => isShaded);
  const known = real ? grid(real, samples, 2) : null;
  const peak = known ? Math.max(...known) : null;
  if (shaded) {
    const values = grid(shaded.law, samples, 2);
    const most = peak ?? Math.max(...values);
    paint(context, theme, plot, values, most, of.dream.colour);
  } else if (known) paint(context, theme, plot, known, peak, of.real.colour);
  within(context, plot, () => {
    if (known && shaded) {
      for (const level of LEVELS) lines(context, theme, xAxis, yAxis, contoured(real, known, level * peak), of.real.colour);
    }
    const crowd = Math.sqrt(samples.length + 1);
    const radius = Math.max(1.4, Math.min(0.24 * rem, (2.2 * rem) / crowd));
    const fall = ([x, y], way) => [xAxis.at(x), plot.top + (yAxis.at(y) - plot.top) * way];
    const dots = samples.map((sample, i) => [fallen(i), sample]).filter(([way]) => way > 0);
    // A rim keeps a sample apart from a density of its own colour.
    const layers = known && !shaded ? [[theme.paper, 1.45 * radius], [of.real.colour, radius]] : [[of.real.colour, radius]];
    for (const [colour, size] of layers) {
      context.fillStyle = colour;
      context.globalAlpha = layers.length > 1 ? 1 : Math.min(0.8, 12 / crowd); // a crowd lets the model through
      for (const [way, sample] of dots) drawMark(context, of.real.mark, ...fall(sample, way), size);
    }
    context.globalAlpha = 1;
    for (const model of models) if (!model.isShaded) ellipses(context, theme, xAxis, yAxis, plot, model);
  });
}

function contoured(law, values, level) {
  const memory = kept.get(values) ?? new Map();
  kept.set(values, memory);
  if (!memory.has(level)) memory.set(level, contour(values, level));
  return memory.get(level);
}

function lines(context, theme, xAxis, yAxis, pieces, colour) {
  context.beginPath();
  for (const [x1, y1, x2, y2] of pieces) {
    context.moveTo(xAxis.at(x1), yAxis.at(y1));
    context.lineTo(xAxis.at(x2), yAxis.at(y2));
  }
  context.strokeStyle = colour;
  context.lineWidth = 0.09 * theme.rem;
  context.stroke();
}

const patch = document.createElement("canvas");
let painted = null; // what is on it

// The fuller the colour, the denser.
function paint(context, theme, plot, values, most, colour) {
  const n = SIDE[2];
  const key = [colour, most].join();
  if (painted?.values !== values || painted.key !== key) {
    painted = { values, key };
    Object.assign(patch, { width: n, height: n });
    const pen = patch.getContext("2d", { willReadFrequently: true });
    pen.fillStyle = colour;
    pen.fillRect(0, 0, n, n);
    const image = pen.getImageData(0, 0, n, n);
    for (let i = 0; i < n; i += 1) {
      for (let j = 0; j < n; j += 1) {
        const share = Math.min(1, values[i * n + j] / most);
        image.data[4 * ((n - 1 - j) * n + i) + 3] = Math.round(215 * Math.sqrt(share));
      }
    }
    pen.putImageData(image, 0, 0);
  }
  context.imageSmoothingEnabled = true;
  // The centres of the outermost pixels lie on the edges.
  const half = (plot.right - plot.left) / (n - 1) / 2;
  within(context, plot, () => {
    context.drawImage(patch, plot.left - half, plot.top - half, plot.right - plot.left + 2 * half, plot.bottom - plot.top + 2 * half);
  });
}

// Each part of a mixture by the ellipse two standard deviations out.
function ellipses(context, theme, xAxis, yAxis, plot, { law: { means, factors }, look, name, isBelow }) {
  const { rem } = theme;
  means.forEach(([mx, my], k) => {
    const [a, b, c] = factors[k];
    const points = Array.from({ length: 73 }, (_, i) => {
      const t = (i * Math.PI) / 36;
      const [u, v] = [2 * Math.cos(t), 2 * Math.sin(t)];
      return [xAxis.at(mx + a * u), yAxis.at(my + b * u + c * v)];
    });
    stroke(context, theme, points, { ...look, width: 0.2 });
    if (k) return;
    const way = isBelow ? -1 : 1;
    const [x, y] = points.reduce((best, point) => (way * (point[1] - best[1]) < 0 ? point : best));
    const place = Math.max(plot.left + 2.4 * rem, Math.min(plot.right - 2.4 * rem, x));
    const line = y + (isBelow ? 1.2 : -0.4) * rem;
    const high = Math.max(plot.top + 1.1 * rem, Math.min(plot.bottom - 0.4 * rem, line));
    say(context, theme, name, place, high, { colour: theme.of.dream.text, weight: 600 });
  });
}
