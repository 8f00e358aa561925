// The curves: D, R and D + R over optimiser steps, as far as they have been played.

import { drawHorizontal, drawVertical, leftMargin, verticalTicks } from "./axes.js";
import { Surface, setFont } from "./canvas.js";
import { drawCompanion, drawLetters, values } from "./companions.js";
import { SERIES, drawBand, drawCurves, drawCursor, drawEnds, valueTexts } from "./curves.js";
import { changeWords, drawChanges } from "./changes.js";
import { whole } from "./format.js";
import { extent, polyline } from "./polyline.js";
import { axis, linear, logarithmic, padded, roundUp } from "./scales.js";

const EASE_S = 0.09; // how softly axes grow with new data

// Mini-batches report D and R; their sum is made here.
function trainingReader(table, name, member) {
  if (name !== "neg_elbo") return table.reader(name, member);
  const distortion = table.reader("distortion", member);
  const rate = table.reader("rate", member);
  return (row) => distortion(row) + rate(row);
}

/** The line chart. What it draws is a scene: theme, history, member, the step of the
 * playhead, what of held-out values is shown (shownStep, row), total, isOver; and `others`, each
 * with its letter, rank, history, shownStep and row, of which only held-out values are drawn. */
export class Chart {
  #seen = null; // the ranges on screen, which follow what they should be
  #cache = new WeakMap(); // history -> {key, curves}

  constructor(canvas, onChange) {
    this.surface = new Surface(canvas, onChange);
    this.isLogarithmic = false;
    this.zoom = null; // [low, high] in steps, or null for everything
    this.cursor = null; // the step under inspection
    this.band = null; // [low, high] in pixels while a zoom is being drawn
    this.plot = { left: 0, right: 0, top: 0, bottom: 0 };
  }

  /** All steps that can be shown. */
  fullRange({ history, total, isOver, others }) {
    const own = isOver || total === null ? history.lastStep : total;
    const end = Math.max(own, ...others.map((other) => other.history.lastStep));
    return [0, Math.max(1, total === null && !isOver ? roundUp(end) : end)];
  }

  /** Draw; `seconds` since the last frame. Say whether the axes are still on their way. */
  draw(scene, seconds) {
    const context = this.surface.begin();
    if (!context) return false;
    const { theme, history } = scene;
    setFont(context, theme);
    const hasData = history.lastStep >= 0;
    const isMoving = hasData ? this.#range(scene, seconds) : false;
    this.#layout(context, scene, hasData);
    this.#axes(context, scene);
    const { x, y, plot } = this;
    const frame = { x, y, plot, ratio: this.surface.ratio };
    if (hasData) {
      for (const other of scene.others.toReversed()) {
        drawCompanion(context, scene, other, frame, this.#points(other, scene.member));
      }
      drawCurves(context, scene, frame, this.#points(scene, scene.member));
      drawChanges(context, scene, frame);
      drawEnds(context, scene, frame, this.showsValues);
      drawLetters(context, scene, frame);
    }
    if (this.band) drawBand(context, theme, this.band, frame);
    const row = this.cursor === null ? -1 : history.heldOut.nearest(this.cursor);
    if (row >= 0) drawCursor(context, scene, row, frame, this.surface.width);
    this.surface.describe(this.describe(scene));
    return isMoving;
  }

  // The ranges follow their targets softly, or at once where motion is not wanted.
  #range(scene, seconds) {
    const target = this.zoom ?? this.fullRange(scene);
    const key = `${this.isLogarithmic} ${this.zoom}`;
    const isNew = !this.#seen || this.#seen.history !== scene.history || this.#seen.key !== key;
    const share = isNew || scene.isStill ? 1 : 1 - Math.exp(-seconds / EASE_S);
    const seen = isNew ? { x: target, y: null, key, history: scene.history } : this.#seen;
    seen.x = ease(seen.x, target, share);
    this.#seen = seen;
    this.x = this.#horizontal(seen.x);
    const visible = this.#visibleValues(scene);
    seen.y = seen.y ? ease(seen.y, visible, share) : visible;
    return !close(seen.x, target) || !close(seen.y, visible);
  }

  #horizontal([low, high]) {
    const scale = this.isLogarithmic ? logarithmic : linear;
    return axis(low, high, this.plot.left, this.plot.right, scale);
  }

  #visibleValues(scene) {
    let range = [Infinity, -Infinity];
    for (const each of [scene, ...scene.others]) {
      for (const { training, heldOut } of this.#points(each, scene.member)) {
        if (each === scene) range = extent(training, this.plot.left, this.plot.right, range);
        range = extent(heldOut, this.plot.left, this.plot.right, range);
      }
    }
    if (range[0] > range[1]) return this.#seen.y ?? [0, 1];
    if (!this.zoom && range[0] > 0 && range[0] < 0.5 * range[1]) range[0] = 0;
    return padded(range[0], range[1], 0.04);
  }

  // Paths in pixels along the steps and nats across, kept until something they depend on changes.
  #points({ history }, member) {
    const { plot, x } = this;
    const range = [x.low, x.high, plot.left, plot.right, this.isLogarithmic];
    const key = [history.version, member, ...range].join();
    if (this.#cache.get(history)?.key !== key) {
      const width = plot.right - plot.left;
      const path = (table, read) => polyline(table.steps, table.length, read, x, width);
      const curves = SERIES.map((series) => ({
        ...series,
        training: path(history.training, trainingReader(history.training, series.name, member)),
        heldOut: path(history.heldOut, history.heldOut.reader(series.name, member)),
      }));
      this.#cache.set(history, { key, curves });
    }
    return this.#cache.get(history).curves;
  }

  #layout(context, { theme, total }, hasData) {
    const { width, height } = this.surface;
    const { rem } = theme;
    this.showsValues = width > 33 * rem;
    setFont(context, theme, 1, 600);
    const right = context.measureText(this.showsValues ? "D + R 00.0" : "D + R").width + 0.9 * rem;
    const plot = {
      left: 0,
      right: Math.floor(width - right),
      top: Math.ceil(0.45 * rem),
      bottom: Math.floor(height - 1.75 * rem),
    };
    this.y = hasData ? axis(...this.#seen.y, plot.bottom, plot.top) : null;
    this.ticks = hasData ? verticalTicks(this.y, plot, rem) : [];
    plot.left = leftMargin(context, theme, this.ticks);
    this.plot = plot;
    if (hasData) this.x = this.#horizontal(this.#seen.x);
    else this.x = total ? this.#horizontal([0, total]) : null;
  }

  #axes(context, { theme }) {
    const { plot } = this;
    const { ratio, width } = this.surface;
    if (this.y) {
      drawVertical(context, theme, { axis: this.y, ticks: this.ticks, plot, ratio, hasLines: true });
    }
    drawHorizontal(context, theme, { axis: this.x, plot, ratio, name: "step", nameEnd: width - 1 });
  }

  /** The values at the cursor in words, or nothing where there is none. */
  reading({ history, member }) {
    const table = history.heldOut;
    const row = this.cursor === null ? -1 : table.nearest(this.cursor);
    if (row < 0) return "";
    const [sum, distortion, rate] = valueTexts(table, row, member);
    return `Step ${whole(table.steps[row])}: ${distortion}, ${rate}, ${sum} nats per image.`;
  }

  describe(scene) {
    const { history, member, row, others, changes } = scene;
    if (row < 0) return "Distortion D and rate R over optimiser steps. Nothing is measured yet.";
    const table = history.heldOut;
    const [sum, distortion, rate] = valueTexts(table, row, member);
    return (
      `Distortion D, rate R and their sum over optimiser steps, in nats per image. Held-out ` +
      `values at step ${whole(table.steps[row])}: ${distortion}, ${rate}, ${sum}.` +
      changeWords(changes) +
      others.map((other) => ` ${values(other, member)}`).join("")
    );
  }

  destroy() {
    this.surface.destroy();
  }
}

function ease(from, to, share) {
  if (share >= 1 || close(from, to)) return to;
  return [from[0] + share * (to[0] - from[0]), from[1] + share * (to[1] - from[1])];
}

function close(a, b) {
  const slack = 2e-3 * Math.abs(b[1] - b[0]);
  return Math.abs(a[0] - b[0]) <= slack && Math.abs(a[1] - b[1]) <= slack;
}
