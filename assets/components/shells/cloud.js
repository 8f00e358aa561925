// Draws as they are measured: a blob of two coordinates, and histograms under the exact law.

import { framed, headed, say, stroke, within } from "../divergence/frame.js";
import { drawMark } from "../run/marks.js";
import { axis } from "../run/scales.js";
import { angleDensity, logDensity, mean, mode, std } from "./law.js";
import { furthest } from "./radial.js";

const BAND = 24; // widths of a bar, of which three are a standard deviation, that hold all of it
const THIN = 0.3; // share of the axis under which a band is thin
const NARROW = 26; // rem under which two pictures stand one over the other

// Draw in a part of the canvas as if it were all of it.
function part(context, box, draw) {
  context.save();
  context.translate(box.x, box.y);
  draw({ width: box.width, height: box.height, ratio: box.ratio });
  context.restore();
}

/** Two boxes side by side, or one over the other where there is no room. */
export function halves({ width, height, ratio }, rem, share = 0.5, gap = 1.5) {
  if (width < NARROW * rem) {
    const room = (height - 0.5 * rem) / 2;
    return [{ x: 0, y: 0, width, height: room, ratio }, { x: 0, y: room + 0.5 * rem, width, height: room, ratio }];
  }
  const first = share * (width - gap * rem);
  return [{ x: 0, y: 0, width: first, height, ratio }, { x: first + gap * rem, y: 0, width: width - gap * rem - first, height, ratio }];
}

/** Two coordinates of the draws beside their radii. */
export function drawSamples(context, theme, surface, { d, radii, plane }, isAsked) {
  const [first, second] = halves(surface, theme.rem, 0.42);
  const alpha = isAsked ? 0.25 : 1;
  part(context, first, (box) => drawBlob(context, theme, box, plane, d, alpha));
  const most = Math.max(furthest(d), ...(isAsked ? [] : radii));
  const density = (r) => Math.exp(logDensity(r, d) - logDensity(Math.max(mode(d), 1e-9), d));
  part(context, second, (box) =>
    drawHistogram(context, theme, box, { values: radii, x: [0, most], width: std(d) / 3, density, centre: mean(d), name: "radius", across: "draws, by radius", alpha }),
  );
  return null;
}

function drawBlob(context, theme, box, points, d, alpha) {
  const { rem, of } = theme;
  const side = Math.min(box.width, box.height - 1.4 * rem);
  const [x0, y0] = [(box.width - side) / 2, 1.4 * rem];
  const across = axis(-4, 4, x0, x0 + side);
  const up = axis(-4, 4, y0 + side, y0);
  headed(context, theme, box, d > 1 ? `two of ${d.toLocaleString("en")} coordinates` : "the one coordinate");
  context.strokeStyle = of.bound.colour;
  context.lineWidth = 1 / box.ratio;
  context.globalAlpha = 0.5;
  context.strokeRect(x0 + 0.5, y0 + 0.5, side - 1, side - 1);
  for (const radius of [1, 2, 3]) {
    context.beginPath();
    context.arc(across.at(0), up.at(0), across.at(radius) - across.at(0), 0, 2 * Math.PI);
    context.stroke();
  }
  context.globalAlpha = 0.55 * alpha;
  context.fillStyle = of.dream.colour;
  for (const [x, y] of points) {
    if (Math.abs(x) < 4 && Math.abs(y) < 4) drawMark(context, "square", across.at(x), up.at(y), 0.13 * rem);
  }
  context.globalAlpha = 1;
  for (const radius of [1, 2, 3]) say(context, theme, String(radius), across.at(0), up.at(radius) + 0.35 * rem, { colour: of.bound.text });
}

/** A histogram in which bars and law are as high as each other where both are right. */
function drawHistogram(context, theme, box, given) {
  const { values, x, width, density, centre, name, across, alpha, marks = [], isInset } = given;
  const { rem, of } = theme;
  const { plot, xAxis, yAxis } = framed(context, theme, box, { x, y: [0, 1.3], name, across, key: "" });
  const pixel = (x[1] - x[0]) / (plot.right - plot.left);
  // As many bins as fill the axis, so that none is cut.
  const bin = (x[1] - x[0]) / Math.max(2, Math.floor((x[1] - x[0]) / Math.max(width, 2 * pixel)));
  const bars = new Map();
  for (const value of values) {
    if (value < x[0] || value > x[1]) continue;
    const place = Math.min(Math.floor((value - x[0]) / bin), Math.round((x[1] - x[0]) / bin) - 1);
    bars.set(place, (bars.get(place) ?? 0) + 1);
  }
  const points = [];
  for (let r = x[0]; r <= x[1]; r += pixel) points.push(r);
  for (let i = -60; i <= 60; i += 1) points.push(centre + (i / 12) * width * 3);
  points.sort((a, b) => a - b);
  const inside = points.filter((r) => r > x[0] && r < x[1]);
  const heights = inside.map(density);
  let area = 0; // of the law as it is drawn, so that bars can be as high
  for (let i = 1; i < inside.length; i += 1) area += ((heights[i] + heights[i - 1]) / 2) * (inside[i] - inside[i - 1]);
  const unit = area ? area / bin / values.length : 1 / Math.max(...bars.values());
  const isThin = BAND * width < THIN * (x[1] - x[0]); // a thick line would hide all bars
  within(context, plot, () => {
    context.fillStyle = of.dream.colour;
    context.globalAlpha = 0.6 * alpha;
    for (const [place, count] of bars) {
      const left = xAxis.at(x[0] + place * bin);
      const top = yAxis.at(count * unit);
      context.fillRect(left, top, Math.max(1, xAxis.at(x[0] + (place + 1) * bin) - left - 0.5), plot.bottom - top);
    }
    context.globalAlpha = 1;
    if (area) stroke(context, theme, inside.map((r, i) => [xAxis.at(r), yAxis.at(heights[i])]), { colour: theme.text, width: isThin ? 0.06 : 0.18 });
    for (const [place] of marks) stroke(context, theme, [[xAxis.at(place), plot.top], [xAxis.at(place), plot.bottom]], { colour: of.bound.colour, dash: of.bound.dash, width: 0.12 });
  });
  for (const [place, text] of marks) say(context, theme, text, xAxis.at(place) + 0.4 * rem, plot.top + 0.9 * rem, { align: "left", colour: of.bound.text });
  if (!area || isInset) return;
  const away = Math.max(0.8 * rem, 1.2 * (xAxis.at(3 * width) - xAxis.at(0)));
  const isRight = xAxis.at(centre) + away > plot.right - 5 * rem;
  if (isThin) drawInset(context, theme, { plot, xAxis, ratio: box.ratio, room: (isRight ? 5.5 : 1) * rem }, given);
  say(context, theme, "exact law", isRight ? Math.max(plot.left + 5 * rem, xAxis.at(centre) - away) : xAxis.at(centre) + away, yAxis.at(0.55), { align: isRight ? "right" : "left", weight: 600 });
}

// Where all of it is a thin band, the same magnified, in what is free to the left of it.
function drawInset(context, theme, { plot, xAxis, ratio, room }, given) {
  const { rem } = theme;
  const { centre, width } = given;
  const half = (BAND / 2) * width;
  const box = { x: plot.left + 0.8 * rem, y: plot.top + 0.2 * rem, height: 0.72 * (plot.bottom - plot.top), ratio };
  box.width = Math.min(16 * rem, xAxis.at(centre - half) - room - box.x);
  if (box.width < 8 * rem) return;
  context.fillStyle = theme.paper;
  context.fillRect(box.x - 0.3 * rem, box.y, box.width + 0.6 * rem, box.height);
  part(context, box, (inner) => drawHistogram(context, theme, inner, { ...given, x: [centre - half, centre + half], name: "", across: "magnified", marks: [], isInset: true }));
}

/** Angles between draws, and distances over the root of 2d. */
export function drawPairs(context, theme, surface, { d, angles, distances }, isAsked) {
  const [first, second] = halves(surface, theme.rem);
  const alpha = isAsked ? 0.25 : 1;
  const spread = d > 2 ? 57.3 / Math.sqrt(d) : 52;
  const angle = (at) => (d > 1 ? angleDensity(at, d) : 0);
  part(context, first, (box) =>
    drawHistogram(context, theme, box, { values: angles, x: [0, 180], width: spread / 3, density: angle, centre: 90, name: "degrees", across: "angles", alpha, marks: [[90, "90°"]] }),
  );
  const limit = Math.sqrt(2 * d);
  const highest = logDensity(Math.max(mode(d), 1e-9), d);
  const density = (share) => Math.exp(logDensity((share * limit) / Math.SQRT2, d) - highest);
  const shares = distances.map((far) => far / limit);
  const most = Math.max(2, ...(d > 3 ? [] : [3.4]));
  part(context, second, (box) =>
    drawHistogram(context, theme, box, { values: shares, x: [0, most], width: std(d) / Math.sqrt(d) / 3, density, centre: mean(d) / Math.sqrt(d), name: "over √(2d)", across: "distances", alpha, marks: [[1, "√(2d)"]] }),
  );
  return null;
}
