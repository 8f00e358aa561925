// The R-D plane: the run's trail, and the line of equal objective through where it is now.

import { drawHorizontal, drawVertical, leftMargin, segment, verticalTicks } from "./axes.js";
import { Surface, crisp, haloText, setFont } from "./canvas.js";
import { drawTurns } from "./changes.js";
import { equation, setting, whole } from "./format.js";
import { weight } from "./companions.js";
import { LETTERS } from "./company.js";
import { drawMark, drawMarkOnLine } from "./marks.js";
import { axis, spread } from "./scales.js";
import { along, seat } from "./seating.js";
import { planeRange } from "./planerange.js";

const EASE_S = 0.12; // how softly axes follow
const NEAREST_PX = 1.2; // dots nearer than this to the one before are not drawn

/** The plane with R across and D up, both in nats per image. */
export class Plane {
  #seen = null; // the ranges on screen, which follow what they should be
  #shown = []; // the histories that were drawn last
  #isMoving = false;
  #seat = null; // where the level line's name stands

  constructor(canvas, onChange) {
    this.surface = new Surface(canvas, onChange);
    this.plot = { left: 0, right: 0, top: 0, bottom: 0 };
  }

  /** Draw; say whether the axes are still on their way. */
  draw(scene, seconds) {
    const { theme, history, member, row, shownStep, beta, changes } = scene;
    const beside = scene.others.flatMap((other) => [
      other.letter,
      other.history.version,
      other.shownStep,
    ]);
    const state = [theme.id, history.version, member, row, shownStep, beta, changes.length, ...beside];
    const isStale = this.surface.isStale(...state);
    const shown = [history, ...scene.others.map((other) => other.history)];
    const isSame = shown.length === this.#shown.length && shown.every((h, i) => h === this.#shown[i]);
    this.#shown = shown;
    if (!isStale && !this.#isMoving && isSame) return false;
    const context = this.surface.begin();
    if (!context) return false;
    const table = history.heldOut;
    this.#layout(theme.rem);
    this.#isMoving = table.length ? this.#follow(scene, seconds) : false;
    const { plot } = this;
    const y = table.length ? axis(...this.#seen.distortion, plot.bottom, plot.top) : null;
    const ticks = y ? verticalTicks(y, plot, theme.rem) : [];
    plot.left = leftMargin(context, theme, ticks);
    const x = table.length ? axis(...this.#seen.rate, plot.left, plot.right) : null;
    this.#axes(context, theme, x, y, ticks);
    if (scene.row >= 0) this.#contents(context, scene, x, y);
    this.surface.describe(this.describe(scene));
    return this.#isMoving;
  }

  destroy() {
    this.surface.destroy();
  }

  #layout(rem) {
    const { width, height } = this.surface;
    this.plot.right = Math.floor(width - 0.5 * rem);
    this.plot.top = Math.ceil(0.45 * rem);
    this.plot.bottom = Math.floor(height - 1.75 * rem);
  }

  // The ranges go softly where they should be, or at once for another run or member.
  #follow(scene, seconds) {
    const { history, member } = scene;
    const target = planeRange(scene, this.plot);
    const isNew = this.#seen?.history !== history || this.#seen.member !== member;
    const share = isNew || scene.isStill ? 1 : 1 - Math.exp(-seconds / EASE_S);
    const seen = { history, member };
    let gap = 0;
    for (const name of ["rate", "distortion"]) {
      const from = isNew ? target[name] : this.#seen[name];
      const span = target[name][1] - target[name][0];
      seen[name] = from.map((value, i) => value + share * (target[name][i] - value));
      gap = Math.max(gap, ...target[name].map((value, i) => Math.abs(value - seen[name][i]) / span));
    }
    this.#seen = seen;
    return gap > 1e-3;
  }

  #axes(context, theme, x, y, ticks) {
    const { plot } = this;
    const { ratio } = this.surface;
    if (y) drawVertical(context, theme, { axis: y, ticks, plot, ratio, hasLines: false });
    context.strokeStyle = theme.of.bound.text;
    const wall = crisp(plot.left, ratio);
    segment(context, wall, plot.top, wall, plot.bottom);
    const name = { name: "R, nats", nameEnd: plot.right, look: theme.of.rate };
    drawHorizontal(context, theme, { axis: x, plot, ratio, apart: 2.6, ...name });
  }

  #contents(context, scene, x, y) {
    const { theme, history, member, shownStep } = scene;
    const { left, right, top, bottom } = this.plot;
    const trail = (k, from, to) => trailPoints(history.heldOut, k, from, to, x, y);
    const end = history.lastStep;
    const ahead = trail(member, shownStep, end);
    const played = trail(member, 0, shownStep);
    context.save();
    context.beginPath();
    context.rect(left, top, right - left, bottom - top);
    context.clip();
    context.lineJoin = "round";
    context.strokeStyle = theme.text;
    context.lineWidth = 1;
    context.globalAlpha = 0.3;
    for (let k = 0; k < history.members; k += 1) if (k !== member) stroke(context, trail(k, 0, end));
    stroke(context, ahead);
    const lineAt = this.#levels(context, scene, x, y);
    const others = scene.others.filter((other) => other.row >= 0);
    const beside = others.map((other) => this.#beside(context, scene, other, x, y));
    this.#path(context, theme, played);
    const turns = drawTurns(context, scene, { x, y, plot: this.plot, head: played.at(-1) });
    context.restore();
    const ways = [played, ...beside].flatMap((points) => along(points, 0.5 * theme.rem));
    const taken = scene.changes.length ? [...ways, ...turns] : ways;
    const head = played.at(-1);
    const heads = [head, ...beside.map((points) => points.at(-1))];
    const label = { played: taken, ahead: along(ahead, theme.rem), lineAt };
    this.#label(context, scene, label);
    const letters = others.length ? [LETTERS[0], ...others.map((other) => other.letter)] : [];
    beside.forEach((points, i) => {
      context.globalAlpha = weight(others[i].rank).alpha;
      context.fillStyle = theme.text;
      drawMarkOnLine(context, "ring", ...points.at(-1), 0.38 * theme.rem, theme.paper);
      context.globalAlpha = 1;
    });
    context.fillStyle = theme.paper;
    drawMark(context, "circle", ...head, 0.62 * theme.rem);
    context.fillStyle = theme.text;
    drawMark(context, "circle", ...head, 0.45 * theme.rem);
    this.#letters(context, theme, letters, heads);
  }

  // The way of a run beside the one in front: thinner, without dots, and thinner still ahead.
  #beside(context, { theme, member }, { history, rank, shownStep }, x, y) {
    const { width, alpha } = weight(rank);
    const played = trailPoints(history.heldOut, member, 0, shownStep, x, y);
    context.strokeStyle = theme.text;
    context.lineWidth = 0.75;
    context.globalAlpha = 0.3 * alpha;
    stroke(context, trailPoints(history.heldOut, member, shownStep, history.lastStep, x, y));
    context.lineWidth = 1.5 * width;
    context.globalAlpha = alpha;
    stroke(context, played);
    context.globalAlpha = 1;
    return played;
  }

  // Letters beside where the runs are, apart from each other where the runs are not.
  #letters(context, theme, letters, heads) {
    const { left, right, top, bottom } = this.plot;
    const { rem } = theme;
    const places = spread(heads.map(([, y]) => y), 1.05 * rem, top, bottom);
    setFont(context, theme, 0.85, 600);
    context.textBaseline = "middle";
    letters.forEach((letter, i) => {
      const x = heads[i][0];
      if (x < left - 1 || x > right + 1) return;
      const isLate = x > right - 1.6 * rem;
      context.textAlign = isLate ? "right" : "left";
      context.fillStyle = theme.text;
      haloText(context, theme, letter, x + (isLate ? -0.7 : 0.7) * rem, places[i]);
    });
    setFont(context, theme);
  }

  // Lines on which D + beta R is constant: faint ones at round values, a strong one where we are.
  #levels(context, { theme, history, member, beta, shownStep }, x, y) {
    const { left, right, top, bottom } = this.plot;
    const at = (name) => history.heldOut.interpolated(name, shownStep, member);
    const here = at("distortion") + beta * at("rate");
    const heightOf = (level) => (pixel) => y.at(level - beta * x.value(pixel));
    const line = (height) => segment(context, left, height(left), right, height(right));
    context.strokeStyle = theme.of.bound.colour;
    context.lineWidth = 1 / this.surface.ratio;
    context.globalAlpha = 0.4;
    const highest = y.value(top) + beta * x.value(right);
    for (const level of axis(y.value(bottom), highest, 0, 1).ticks(9)) line(heightOf(level));
    context.globalAlpha = 1;
    context.strokeStyle = theme.text;
    context.lineWidth = 1.5;
    line(heightOf(here));
    return heightOf(here);
  }

  // What has been played: a line, and a dot for each measurement that darkens with time.
  #path(context, theme, points) {
    context.strokeStyle = context.fillStyle = theme.text;
    context.lineWidth = 1.5;
    stroke(context, points);
    points.slice(0, -1).forEach(([px, py], i) => {
      context.globalAlpha = 0.35 + (0.65 * (i + 1)) / points.length;
      drawMark(context, "circle", px, py, 0.17 * theme.rem);
    });
    context.globalAlpha = 1;
  }

  #label(context, scene, { played, ahead, lineAt }) {
    const { theme } = scene;
    const text = levelText(scene);
    setFont(context, theme, 1, 600);
    const wide = context.measureText(text).width;
    const high = 1.2 * theme.rem;
    const { plot } = this;
    const room = { wide, high, plot, rem: theme.rem, lineAt, played, ahead };
    this.#seat = seat({ ...room, before: this.#seat });
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillStyle = theme.of.objective.text;
    haloText(context, theme, text, this.#seat.x, this.#seat.y + high / 2);
    setFont(context, theme);
  }

  describe(scene) {
    const { history, member, row } = scene;
    const table = history.heldOut;
    if (row < 0) return "Distortion D against rate R, in nats per image. Nothing is measured yet.";
    const value = (name) => table.value(name, row, member);
    const shown = equation(value("distortion"), value("rate"), 1);
    return (
      `Distortion D against rate R, in nats per image. At step ${whole(table.steps[row])} the ` +
      `run stands at R ${shown.rate}, D ${shown.distortion}, on the line ${levelText(scene)}.`
    );
  }
}

/** The name of the level line: the objective and its value, as last measured. */
function levelText({ history, member, row, beta }) {
  const value = (name) => history.heldOut.value(name, row, member);
  const { total } = equation(value("distortion"), value("rate"), beta);
  if (beta === 0) return `D = ${total}`;
  return `D + ${beta === 1 ? "" : `${setting(beta)} `}R = ${total}`;
}

// The way of a member between two steps, in pixels; dots on top of each other are one.
function trailPoints(table, member, from, to, x, y) {
  const at = (name, step) => table.interpolated(name, step, member);
  const place = (step) => [x.at(at("rate", step)), y.at(at("distortion", step))];
  const points = [place(from)];
  for (let row = table.rowAt(from) + 1; row < table.length && table.steps[row] < to; row += 1) {
    const point = place(table.steps[row]);
    const last = points.at(-1);
    if (Math.hypot(point[0] - last[0], point[1] - last[1]) >= NEAREST_PX) points.push(point);
  }
  points.push(place(Math.min(to, table.steps[table.length - 1])));
  return points;
}

function stroke(context, points) {
  context.beginPath();
  for (const point of points) context.lineTo(...point);
  context.stroke();
}
