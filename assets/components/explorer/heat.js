// How densely codes lie in the plane, drawn to scale with the prior's contours over it.

import { segment } from "../run/axes.js";
import { Surface, crisp, haloText, setFont } from "../run/canvas.js";
import { axisName } from "../run/codemap.js";
import { tick } from "../run/format.js";
import { drawMark } from "../run/marks.js";
import { linearTicks } from "../run/scales.js";
import { make } from "../run/dom.js";

const FULL = 1 / Math.PI; // twice the prior's largest density: from there on the colour is full

/** One picture of a density. */
export class Heat {
  constructor(onChange) {
    this.canvas = make("canvas", "heat", { "aria-label": "Nothing is drawn yet." });
    this.surface = new Surface(this.canvas, onChange);
    this.patch = make("canvas");
  }

  /** Draw a grid of densities from -half to half in the colour of `meaning`, and some places. */
  draw(theme, { key, grid, cells, half, meaning, dims, places, words }) {
    if (!this.surface.isStale(theme.id, key)) return;
    const context = this.surface.begin();
    if (!context) return;
    const { width, height, ratio } = this.surface;
    const bottom = height - 1.75 * theme.rem;
    const size = Math.min(width - 2, bottom - 1);
    const left = (width - size) / 2;
    const unit = size / (2 * half);
    const [x, y] = [(v) => left + size / 2 + v * unit, (v) => 1 + size / 2 - v * unit];
    this.#fill(context, theme.of[meaning].colour, grid, cells, left, size);
    context.lineWidth = 1 / ratio;
    context.strokeStyle = context.fillStyle = theme.of.bound.text;
    context.strokeRect(crisp(left, ratio), crisp(1, ratio), size, size);
    setFont(context, theme);
    context.textAlign = "center";
    context.textBaseline = "alphabetic";
    const names = dims.map((dim) => (dim < 0 ? "" : axisName(dim)));
    const room = left + size - 2.6 * theme.rem;
    for (const value of linearTicks(-half, half, Math.max(3, Math.floor(size / (3 * theme.rem))))) {
      segment(context, x(value), 1 + size, x(value), 1 + size + 0.25 * theme.rem);
      if (x(value) < room && x(value) > left + 0.5 * theme.rem) {
        context.fillText(tick(value), x(value), 1 + size + 1.35 * theme.rem);
      }
    }
    context.textAlign = "right";
    context.fillText(names[0], left + size, 1 + size + 1.35 * theme.rem);
    context.textAlign = "left";
    context.textBaseline = "top";
    haloText(context, theme, names[1], left + 0.3 * theme.rem, 0.3 * theme.rem);
    this.#contours(context, theme, x, y, unit);
    context.fillStyle = theme.text;
    const isInside = ([px, py]) => Math.max(Math.abs(px), Math.abs(py)) < half;
    for (const [px, py] of places.filter(isInside)) drawMark(context, "cross", x(px), y(py), 0.34 * theme.rem);
    this.surface.describe(words);
  }

  #fill(context, colour, grid, cells, left, size) {
    const { patch } = this;
    Object.assign(patch, { width: cells, height: cells });
    const small = patch.getContext("2d", { willReadFrequently: true });
    small.fillStyle = colour;
    small.fillRect(0, 0, cells, cells);
    const data = small.getImageData(0, 0, cells, cells);
    grid.forEach((density, i) => {
      data.data[4 * i + 3] = Math.round(255 * Math.min(1, Math.sqrt(density / FULL)));
    });
    small.putImageData(data, 0, 0);
    context.drawImage(patch, left, 1, size, size);
  }

  #contours(context, theme, x, y, unit) {
    const look = theme.of.dream;
    for (const deviations of [1, 2]) {
      context.beginPath();
      context.arc(x(0), y(0), deviations * unit, 0, 2 * Math.PI);
      context.setLineDash(look.dash);
      for (const [colour, width] of [[theme.paper, 4], [look.text, 2]]) {
        context.strokeStyle = colour;
        context.lineWidth = width;
        context.stroke();
      }
      context.setLineDash([]);
      if (deviations === 1 && unit < 1.6 * theme.rem) continue;
      setFont(context, theme, 0.9, 600);
      context.fillStyle = look.text;
      context.textAlign = "center";
      context.textBaseline = "middle";
      haloText(context, theme, `${deviations} sd`, x(0), y(-deviations));
    }
    setFont(context, theme);
  }

  destroy() {
    this.surface.destroy();
  }
}
