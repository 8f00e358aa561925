// A divergence over two parameters: the fuller the colour, the larger, and none of it below zero.

import { drawMark } from "../run/marks.js";
import { framed, say, stroke } from "../divergence/frame.js";

const COLUMNS = 240;
const ROWS = 150;
export const LEVELS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2, 4]; // nats, from one band to the next

const bit = (p, q) => (p > 0 ? p * Math.log(p / q) : 0);

/** The divergences of the families, in nats, by the two numbers of the axes. */
export const FAMILIES = [
  (p, q) => Math.max(0, bit(p, q) + bit(1 - p, 1 - q)),
  (mean, scale) => Math.max(0, (mean * mean + scale * scale - 1) / 2 - Math.log(scale)),
  (p, q) => Math.max(0, bit(p, q) - p + q),
];

const patch = document.createElement("canvas");
let painted = ""; // what is on it

function paint(family, x, y, colour) {
  const key = [family, colour].join();
  if (key === painted) return;
  painted = key;
  const kl = FAMILIES[family];
  Object.assign(patch, { width: COLUMNS, height: ROWS });
  const small = patch.getContext("2d", { willReadFrequently: true });
  small.fillStyle = colour;
  small.fillRect(0, 0, COLUMNS, ROWS);
  const data = small.getImageData(0, 0, COLUMNS, ROWS);
  for (let row = 0; row < ROWS; row += 1) {
    for (let column = 0; column < COLUMNS; column += 1) {
      const across = x[0] + ((column + 0.5) / COLUMNS) * (x[1] - x[0]);
      const up = y[1] - ((row + 0.5) / ROWS) * (y[1] - y[0]);
      const value = kl(across, up);
      const band = LEVELS.filter((level) => value >= level).length;
      data.data[4 * (row * COLUMNS + column) + 3] = Math.round((210 * band) / LEVELS.length);
    }
  }
  small.putImageData(data, 0, 0);
}

/** Draw it; the two axes come back. */
export function drawSurface(context, theme, surface, { family, names, ranges, place }, isHeld) {
  const { rem, of } = theme;
  const [x, y] = ranges;
  const { plot, xAxis, yAxis } = framed(context, theme, surface, { x, y, name: names[0], across: names[1], key: "fuller is larger; drag the mark" });
  paint(family, x, y, of.real.colour);
  context.imageSmoothingEnabled = true;
  context.drawImage(patch, plot.left, plot.top, plot.right - plot.left, plot.bottom - plot.top);
  if (family === 1) {
    context.fillStyle = theme.text;
    drawMark(context, "plus", xAxis.at(0), yAxis.at(1), 0.45 * rem);
    say(context, theme, "zero", xAxis.at(0), yAxis.at(1) + 1.5 * rem, { weight: 600 });
  } else {
    const low = Math.max(x[0], y[0]);
    const high = Math.min(x[1], y[1]);
    stroke(context, theme, [[xAxis.at(low), yAxis.at(low)], [xAxis.at(high), yAxis.at(high)]], { colour: theme.text, dash: [2, 3], width: 0.13 });
    const at = low + 0.8 * (high - low);
    say(context, theme, "P = Q: zero", xAxis.at(at), yAxis.at(at) + 1.6 * rem, { weight: 600 });
  }
  const [px, py] = [xAxis.at(place[0]), yAxis.at(place[1])];
  context.fillStyle = theme.paper;
  drawMark(context, "circle", px, py, (isHeld ? 0.85 : 0.7) * rem);
  context.fillStyle = theme.text;
  drawMark(context, "circle", px, py, (isHeld ? 0.65 : 0.5) * rem);
  return { xAxis, yAxis };
}
