// The charts of a step: Gaussians, stacked bars, histograms and lines.

import { MARKS } from "../run/marks.js";
import { spread } from "../run/scales.js";
import { beside, scaled, under } from "./plot.js";
import { draw, drawing, label, path, point } from "./svg.js";

const ROOT_TAU = Math.sqrt(2 * Math.PI);

function density(x, mean, std) {
  return Math.exp(-0.5 * ((x - mean) / std) ** 2) / (std * ROOT_TAU);
}

function dashes(look) {
  return look.dash.length ? { "stroke-dasharray": look.dash.join(" ") } : {};
}

/** The Gaussian of a code dimension beside the prior; the other images' behind it, faint. */
export function densities(panel, theme, width) {
  const { rem, of: look } = theme;
  const height = (panel.short ? 5.8 : 8.2) * rem;
  const svg = drawing(width, height, panel.alt);
  const plot = { left: 0.5 * rem, right: width - 0.5 * rem, top: 0.6 * rem, bottom: height - 1.8 * rem };
  const [mean, std] = panel.curve;
  const x = scaled(panel.low, panel.high, plot.left, plot.right);
  const y = scaled(0, 1.06 * Math.max(density(mean, mean, std), 0.4), plot.bottom, plot.top);
  const clip = `within-${Math.random().toString(36).slice(2)}`;
  const frame = { x: plot.left, y: 0, width: plot.right - plot.left, height: plot.bottom };
  svg.append(draw("clipPath", { id: clip }, draw("rect", frame)));
  const inside = draw("g", { "clip-path": `url(#${clip})`, fill: "none" });
  const curve = (m, s, attributes) => {
    const places = Array.from({ length: 241 }, (_, k) => panel.low + ((panel.high - panel.low) * k) / 240);
    for (let k = -24; k <= 24; k += 1) places.push(m + (k / 8) * s); // a narrow peak needs its own
    places.sort((a, b) => a - b);
    const d = path(places.map((value) => [x.at(value), y.at(density(value, m, s))]));
    inside.append(draw("path", { d, ...attributes }));
  };
  const { real, dream } = look;
  for (const [m, s] of panel.others) curve(m, s, { stroke: real.colour, opacity: 0.3, "stroke-width": 1 });
  curve(0, 1, { stroke: dream.colour, "stroke-width": 2, ...dashes(dream) });
  curve(mean, std, { stroke: real.colour, "stroke-width": 2.5 });
  svg.append(inside);
  under(svg, { x, plot, rem });
  if (panel.arrow) arrow(svg, panel, { x, y, plot, rem, look, mean, std });
  const isLeft = mean > 0; // the prior's name where the code is not
  const corner = isLeft ? plot.left : plot.right;
  svg.append(
    label(corner, plot.top + 0.7 * rem, "prior", isLeft ? "start" : "end", { fill: dream.text }),
  );
  return svg;
}

// From the mean to the drawn code: std times noise.
function arrow(svg, panel, { x, plot, rem, look }) {
  const [from, to] = panel.arrow.map(x.at);
  const height = plot.bottom - 0.7 * rem;
  const colour = look.objective.colour;
  svg.append(draw("line", { x1: from, x2: to, y1: height, y2: height, stroke: colour, "stroke-width": 2 }));
  svg.append(draw("line", { x1: from, x2: from, y1: height - 5, y2: height + 5, stroke: colour, "stroke-width": 2 }));
  svg.append(point(MARKS.circle, to, height, 0.4 * rem, look.real.colour));
  const isRight = to > (plot.left + plot.right) / 2;
  const start = to + (isRight ? -0.7 : 0.7) * rem;
  svg.append(
    label(start, height - 0.6 * rem, panel.mark_label, isRight ? "end" : "start", { class: "halo strong" }),
  );
}

/** Stacked bars, one a row, with their sum at the end. */
export function bars(panel, theme, width) {
  const { rem, of: look } = theme;
  const pitch = 1.75 * rem;
  const head = panel.legend.length ? 1.6 * rem : 0.2 * rem;
  const height = head + pitch * panel.rows.length;
  const svg = drawing(width, height, panel.alt);
  const longest = Math.max(...panel.rows.map((row) => row.label.length));
  const left = (0.52 * longest + 0.6) * rem;
  const room = (0.58 * Math.max(...panel.rows.map((row) => row.text.length)) + 0.6) * rem;
  const sums = panel.rows.map((row) => row.parts.reduce((sum, { value }) => sum + Math.max(0, value), 0));
  const least = Math.min(0, ...panel.rows.flatMap((row) => row.parts.map(({ value }) => value)));
  const x = scaled(least, Math.max(...sums, 1e-12), left, width - room);
  let place = left;
  for (const [name, text] of panel.legend) {
    svg.append(point(MARKS[look[name].mark], place + 0.45 * rem, 0.75 * rem, 0.4 * rem, look[name].colour));
    svg.append(label(place + 1.1 * rem, 1.1 * rem, text, "start", { fill: look[name].text }));
    place += (0.6 * text.length + 2.4) * rem;
  }
  panel.rows.forEach((row, k) => {
    const top = head + k * pitch;
    const middle = top + pitch / 2;
    const strong = row.strong ? "strong" : "";
    const centred = { "dominant-baseline": "central", class: strong };
    svg.append(label(left - 0.5 * rem, middle, row.label, "end", centred));
    let sum = 0;
    for (const { role, value } of row.parts) {
      const [start, end] = [x.at(sum), x.at(sum + value)].sort((a, b) => a - b);
      const box = { x: start, y: top + 0.2 * rem, width: Math.max(0, end - start), height: pitch - 0.4 * rem };
      svg.append(draw("rect", { ...box, fill: look[role].colour, class: "bar", "data-value": value }));
      sum += value;
    }
    const end = Math.max(x.at(sum), x.at(0), ...row.parts.map(({ value }) => x.at(value)));
    svg.append(label(end + 0.4 * rem, middle, row.text, "start", centred));
  });
  return svg;
}

/** Histograms over one axis, a row for each, with a line at the mean. */
export function histograms(panel, theme, width) {
  const { rem, of: look } = theme;
  const pitch = 4.3 * rem;
  const height = pitch * panel.rows.length + 2.8 * rem;
  const svg = drawing(width, height, panel.alt);
  const plot = { left: 0.5 * rem, right: width - 0.5 * rem, top: 0, bottom: pitch * panel.rows.length };
  const x = scaled(panel.low, panel.high, plot.left, plot.right);
  panel.rows.forEach((row, k) => {
    const floor = (k + 1) * pitch;
    const most = Math.max(1, ...row.counts);
    const colour = k ? look.bound.colour : look.real.colour;
    row.counts.forEach((count, i) => {
      const step = (plot.right - plot.left) / row.counts.length;
      const tall = ((pitch - 1.9 * rem) * count) / most;
      const box = { x: plot.left + i * step, y: floor - tall, width: Math.max(1, step - 1), height: tall };
      if (count) svg.append(draw("rect", { ...box, fill: colour }));
    });
    svg.append(draw("line", { class: "axis", x1: plot.left, x2: plot.right, y1: floor, y2: floor }));
    const mean = x.at(row.mean);
    const line = { x1: mean, x2: mean, y1: floor - pitch + 1.7 * rem, y2: floor };
    svg.append(draw("line", { ...line, stroke: look.objective.colour, "stroke-width": 2 }));
    svg.append(label(plot.left, floor - pitch + 1.2 * rem, `${row.label}: ${row.text}`));
  });
  under(svg, { x, plot, rem, name: panel.unit });
  return svg;
}

/** Lines over one axis, named at their right ends. */
export function lines(panel, theme, width) {
  const { rem, of: look } = theme;
  const height = (panel.low ? 7 : 10) * rem;
  const svg = drawing(width, height, panel.alt);
  const longest = Math.max(...panel.series.map(({ label: text }) => text.length));
  const plot = {
    left: 3 * rem,
    right: width - (0.5 * longest + 0.6) * rem,
    top: 0.7 * rem,
    bottom: height - 2.8 * rem,
  };
  const isLogarithmic = panel.log_y ?? false;
  const all = panel.series
    .flatMap(({ y, band }) => [...y, ...(band ? band.flat() : [])])
    .filter((value) => Number.isFinite(value) && (!isLogarithmic || value > 0));
  const most = Math.min(panel.most ?? Infinity, Math.max(...all));
  const least = Math.min(...all);
  const margin = isLogarithmic ? 0 : 0.06 * (most - least || 1);
  const first = panel.x[0];
  const last = panel.x[panel.x.length - 1];
  const x = scaled(first, last, plot.left, plot.right, panel.log_x);
  const low = isLogarithmic ? least * 0.85 : least - margin;
  const high = isLogarithmic ? most * 1.15 : most + margin;
  const y = scaled(low, high, plot.bottom, plot.top, isLogarithmic);
  beside(svg, { y, plot, rem });
  under(svg, { x, plot, rem, name: panel.name, ticks: panel.ticks });
  const clipped = (value) => Math.max(low, Math.min(high, value));
  const at = (value) => (isLogarithmic && value <= 0 ? NaN : y.at(value));
  for (const { role, y: values, band, marked, dashed } of panel.series) {
    const { colour } = look[role];
    if (band) {
      const [below, above] = band;
      const edge = (side) => panel.x.map((value, i) => [x.at(value), at(clipped(side[i]))]);
      const outline = `${path([...edge(above), ...edge(below).reverse()])}Z`;
      svg.append(draw("path", { d: outline, fill: colour, opacity: 0.22 }));
    }
    const points = panel.x.map((value, i) => [x.at(value), values[i] > high ? NaN : at(values[i])]);
    const dash = dashed ? { "stroke-dasharray": "8 5" } : dashes(look[role]);
    svg.append(draw("path", { d: path(points), fill: "none", stroke: colour, "stroke-width": 2, ...dash }));
    for (const [px, py] of marked ? points : []) {
      if (Number.isFinite(py)) svg.append(point(MARKS[look[role].mark], px, py, 0.24 * rem, colour));
    }
  }
  const ends = panel.series.map(({ y: values }) => at(clipped(values[values.length - 1])));
  const places = spread(ends, 1.25 * rem, plot.top, plot.bottom);
  panel.series.forEach(({ role, label: text }, i) => {
    const centred = { "dominant-baseline": "central", fill: look[role].text };
    svg.append(label(plot.right + 0.4 * rem, places[i], text, "start", centred));
  });
  return svg;
}
