// The code map: where held-out images lie in the code, drawn to scale with the prior's contours.

import { segment } from "./axes.js";
import { Surface, crisp, haloText, setFont } from "./canvas.js";
import { tick } from "./format.js";
import { drawMark } from "./marks.js";
import { linearTicks, roundUp } from "./scales.js";

const MOVE_S = 0.1; // how softly points move from one snapshot to the next
const LEAST = 3.2; // standard deviations of the prior that are always in view
const SUBSCRIPTS = "₀₁₂₃₄₅₆₇₈₉";

/** Code means coloured and shaped by label, around the prior at one and two standard deviations. */
export class CodeMap {
  #key = ""; // of the snapshot the points are on their way to
  #isMoving = false;
  #points = null;
  #half = LEAST;
  #angles = new Map();

  constructor(canvas, onChange) {
    this.surface = new Surface(canvas, onChange);
    this.highlight = null; // a label that stands out, or null
    this.frame = null; // where codes lie on the canvas, once it is drawn
  }

  /** Draw the codes of the snapshot called `key`, or none. Say whether points still move. */
  draw(theme, codes, { key, seconds, isStill, words }) {
    const isStale = this.surface.isStale(theme.id, key, this.highlight);
    if (!isStale && !this.#isMoving) return false;
    const context = this.surface.begin();
    if (!context) return false;
    const isLine = codes !== null && codes.dims[1] < 0;
    this.#isMoving = this.#follow(codes, { key, seconds, isStill, isLine });
    const frame = this.#frame(theme, isLine);
    this.frame = frame;
    this.#axes(context, theme, frame, codes?.dims ?? [0, 1], isLine);
    if (codes) {
      this.#codes(context, theme, frame, codes.labels);
      this.#prior(context, theme, frame, isLine);
    }
    this.#names(context, theme, frame, codes?.dims ?? [0, 1], isLine);
    this.surface.describe(words);
    return this.#isMoving;
  }

  // Points glide to a new snapshot of the same two dimensions; a view that grows does so softly.
  #follow(codes, { key, seconds, isStill, isLine }) {
    if (!codes) {
      this.#points = null;
      return false;
    }
    const target = isLine ? rows(codes) : codes.points;
    const dims = codes.dims.join();
    const isNew = this.#points?.length !== target.length || this.dims !== dims;
    this.dims = dims;
    const half = isNew || key !== this.#key ? reach(codes.points) : this.target;
    this.target = half;
    this.#key = key;
    const share = isNew || isStill ? 1 : 1 - Math.exp(-seconds / MOVE_S);
    if (isNew) this.#points = Float32Array.from(target);
    if (isNew || isStill) this.#half = half;
    this.#half += share * (half - this.#half);
    let most = Math.abs(half - this.#half) / half;
    for (let i = 0; i < target.length; i += 1) {
      const gap = target[i] - this.#points[i];
      this.#points[i] += share * gap;
      most = Math.max(most, ((1 - share) * Math.abs(gap)) / half);
    }
    return most > 2e-3;
  }

  // Both axes have one scale, so that a circle is a circle.
  #frame(theme, isLine) {
    const { width, height } = this.surface;
    const left = 1;
    const right = width - 1;
    const top = 1;
    const bottom = height - 1.75 * theme.rem;
    const unit = Math.min(right - left, bottom - top) / 2 / this.#half;
    const [cx, cy] = [(left + right) / 2, (top + bottom) / 2];
    const x = (value) => cx + value * unit;
    const y = isLine
      ? (row) => top + ((row + 0.5) / 10) * (bottom - top)
      : (value) => cy - value * unit;
    return { left, right, top, bottom, unit, cx, cy, x, y };
  }

  #axes(context, theme, frame, dims, isLine) {
    const { left, right, top, bottom, x, y, unit } = frame;
    const { rem } = theme;
    const { ratio } = this.surface;
    setFont(context, theme);
    context.lineWidth = 1 / ratio;
    context.strokeStyle = context.fillStyle = theme.of.bound.text;
    context.globalAlpha = 0.5;
    context.strokeRect(crisp(left, ratio), crisp(top, ratio), right - left, bottom - top);
    context.globalAlpha = 0.25;
    segment(context, crisp(x(0), ratio), top, crisp(x(0), ratio), bottom);
    if (!isLine) segment(context, left, crisp(y(0), ratio), right, crisp(y(0), ratio));
    context.globalAlpha = 1;
    const baseline = bottom + 1.35 * rem;
    const name = axisName(dims[0]);
    const room = right - context.measureText(name).width - 1.5 * rem;
    const reachX = (right - left) / 2 / unit;
    context.textAlign = "center";
    for (const value of linearTicks(-reachX, reachX, Math.max(5, Math.floor((right - left) / (3 * rem))))) {
      const place = crisp(x(value), ratio);
      segment(context, place, bottom, place, bottom + 0.25 * rem);
      if (place < room && place > left + 0.6 * rem) {
        context.fillText(tick(value), place, baseline);
      }
    }
  }

  // The names of the axes, at their ends and over everything else.
  #names(context, theme, { right, top, bottom, x }, dims, isLine) {
    setFont(context, theme);
    context.fillStyle = theme.of.bound.text;
    context.textAlign = "right";
    context.textBaseline = "alphabetic";
    context.fillText(axisName(dims[0]), right, bottom + 1.35 * theme.rem);
    if (isLine) return;
    context.textAlign = "left";
    context.textBaseline = "top";
    haloText(context, theme, axisName(dims[1]), x(0) + 0.35 * theme.rem, top + 0.3 * theme.rem);
    context.textBaseline = "alphabetic";
  }

  #codes(context, theme, frame, labels) {
    const { left, right, top, bottom, x, y } = frame;
    const palette = theme.of.labels;
    context.save();
    context.beginPath();
    context.rect(left, top, right - left, bottom - top);
    context.clip();
    const radius = Math.max(2.8, Math.min(4.4, (right - left) / 78));
    for (const isFront of [false, true]) {
      for (let i = 0; i < labels.length; i += 1) {
        const stands = this.highlight === null || labels[i] === this.highlight;
        if (stands !== isFront) continue;
        const { colour, mark } = palette[labels[i] % palette.length];
        context.fillStyle = colour;
        context.globalAlpha = stands ? 0.9 : 0.12;
        drawMark(context, mark, x(this.#points[2 * i]), y(this.#points[2 * i + 1]), radius);
      }
    }
    context.restore();
  }

  #prior(context, theme, frame, isLine) {
    const { top, bottom, x, y, unit, cx, cy } = frame;
    const look = theme.of.dream;
    context.save();
    setFont(context, theme, 1, 600);
    context.textBaseline = "middle";
    context.textAlign = "center";
    for (const deviations of [1, 2]) {
      const radius = deviations * unit;
      context.beginPath();
      if (isLine) {
        for (const side of [-1, 1]) {
          context.moveTo(x(side * deviations), top);
          context.lineTo(x(side * deviations), bottom);
        }
      } else context.arc(cx, cy, radius, 0, 2 * Math.PI);
      for (const [colour, width] of [[theme.paper, 4.5], [look.colour, 2]]) {
        context.strokeStyle = colour;
        context.lineWidth = width;
        context.setLineDash(look.dash);
        context.stroke();
      }
      context.setLineDash([]);
      context.fillStyle = look.text;
      const text = `${deviations} sd`;
      // Where the prior is a dot in the middle, one name is enough.
      if (deviations === 1 && unit < 1.6 * theme.rem) continue;
      const angle = isLine ? 0 : this.#freeAngle(deviations);
      if (isLine) haloText(context, theme, text, x(deviations), top + 0.9 * theme.rem);
      else haloText(context, theme, text, cx + radius * Math.cos(angle), y(deviations * Math.sin(angle)));
    }
    context.restore();
  }

  // Where a contour passes the fewest codes, its name hides the least.
  #freeAngle(deviations) {
    const key = `${this.#key} ${this.dims} ${deviations}`;
    if (this.#angles.get(deviations)?.key === key) return this.#angles.get(deviations).angle;
    let best = { crowd: Infinity, angle: 0 };
    const before = this.#angles.get(deviations)?.angle;
    for (let i = 0; i < 16; i += 1) {
      const angle = ((2 * i + 1) * Math.PI) / 16;
      const [px, py] = [deviations * Math.cos(angle), deviations * Math.sin(angle)];
      let crowd = angle === before ? -2 : 0; // stay, unless elsewhere is clearly better
      if (Math.abs(angle - Math.PI / 2) < 0.3) crowd += 4; // the name of the axis is there
      for (let j = 0; j < this.#points.length; j += 2) {
        const gap = Math.hypot((this.#points[j] - px) / 1.6, this.#points[j + 1] - py);
        if (gap < 0.12 * this.#half) crowd += 1;
      }
      if (crowd < best.crowd) best = { crowd, angle };
    }
    this.#angles.set(deviations, { key, angle: best.angle });
    return best.angle;
  }

  destroy() {
    this.surface.destroy();
  }
}

/** The name of a code dimension, counted from one as the lecture does. */
export function axisName(dimension) {
  return `z${[...String(dimension + 1)].map((digit) => SUBSCRIPTS[Number(digit)]).join("")}`;
}

// A code of one dimension is drawn along it, one row for each label.
function rows({ points, labels }) {
  return points.map((value, i) => (i % 2 ? labels[i >> 1] % 10 : value));
}

// Half the width of a view that holds all points, and the prior at three standard deviations.
function reach(points) {
  let most = 0;
  for (const value of points) most = Math.max(most, Math.abs(value));
  return most <= LEAST ? LEAST : roundUp(1.03 * most);
}
