// Both curves, the point and its weight; what a hand moves follows at once.

import { drawHorizontal, segment } from "../run/axes.js";
import { Surface, crisp, haloText, setFont } from "../run/canvas.js";
import { make, setText } from "../run/dom.js";
import { Frames } from "../run/frames.js";
import { drawMark } from "../run/marks.js";
import { axis } from "../run/scales.js";
import { applyTheme, readTheme, watchTheme } from "../run/theme.js";
import { ENDLESS, signed } from "../belief/notation.js";
import { jumps, logDensity, peak } from "./laws.js";

const RANGE = [-8, 8];
const LAWS = [
  ["real", "p_mean", "P"],
  ["dream", "q_mean", "Q"],
];
const SETTLE_MS = 450; // after the last key
const GRIP = 1.4; // rem around a mark where a press takes hold of it

/** One component on a page. */
export class View {
  #component = null;
  #theme = null;
  #scene = null; // what is shown: x, unit, real, dream
  #held = null; // what a hand is moving: "x", "p_mean" or "q_mean"
  #plot = null;
  #timer = 0;
  #frames = new Frames(() => this.#draw());

  constructor(parent) {
    const keys = "Arrow keys move the point, with Shift by more";
    this.canvas = make("canvas", "densitiesCanvas", { tabindex: "0", "aria-description": keys });
    this.weight = make("output", "value");
    this.reading = make("p", "equation", {}, make("span", "name", {}, "log p(x)/q(x) ="), this.weight);
    this.probe = make("i", "probe", { "aria-hidden": "true" });
    this.root = make("div", "run densities", {}, this.probe, this.reading, this.canvas);
    parent.querySelector(".reserved")?.remove();
    parent.append(this.root);
    this.surface = new Surface(this.canvas, () => this.#frames.ask());
    this.unwatch = watchTheme(this.probe, () => this.#readTheme());
    this.#connect();
  }

  /** Take what Python says. */
  update(component) {
    this.#component = component;
    const { x, unit, real, dream } = component.data;
    if (!this.#held) this.#scene = { x, unit, real, dream };
    this.#readTheme();
  }

  destroy() {
    clearTimeout(this.#timer);
    this.#frames.stop();
    this.surface.destroy();
    this.unwatch();
    this.root.remove();
  }

  #readTheme() {
    this.#theme = readTheme(this.root, this.#component.data.colours);
    applyTheme(this.root, this.#theme);
    this.#frames.ask();
  }

  #draw() {
    const { x, unit, real, dream } = this.#scene;
    const weight = weightAt(this.#scene);
    const side = weight > 0 ? "evidence for P" : weight < 0 ? "evidence for Q" : "no evidence";
    const words = Number.isNaN(weight) ? "neither falls here" : side;
    setText(this.weight, `${signed(weight, unit)}, ${words}`);
    Object.assign(this.root.dataset, { x: String(x), weight: String(weight) });
    const at = `at x = ${written(x)}`;
    this.surface.describe(
      `Densities of P, ${said(real)}, and Q, ${said(dream)}. ${at} log p/q is ${signed(weight, unit)}: ${words}.`,
    );
    const context = this.surface.begin();
    if (!context) return false;
    const { rem } = this.#theme;
    const plot = { left: 0.4 * rem, right: this.surface.width - 0.4 * rem, top: 1.2 * rem, bottom: this.surface.height - 3.1 * rem };
    const xAxis = axis(...RANGE, plot.left, plot.right);
    const most = 1.05 * Math.max(peak(real)[1], peak(dream)[1]);
    const yAxis = axis(0, most, plot.bottom, plot.top);
    this.#plot = { plot, xAxis, yAxis };
    this.#drawGround(context, plot, xAxis);
    LAWS.forEach(([name, , letter], i) => this.#drawLaw(context, name, letter, i, plot, xAxis, yAxis));
    this.#drawPoint(context, plot, xAxis, yAxis);
    drawHorizontal(context, this.#theme, { axis: xAxis, plot, ratio: this.surface.ratio, name: "x", nameEnd: plot.right });
    return false;
  }

  // Where the evidence is for P or for Q, as a band under the axis.
  #drawGround(context, plot, xAxis) {
    const { of, rem } = this.#theme;
    const height = 0.5 * rem;
    const top = plot.bottom + 2.2 * rem;
    let start = plot.left;
    let last = null;
    for (let pixel = plot.left; pixel <= plot.right + 1; pixel += 1) {
      const weight = weightAt(this.#scene, xAxis.value(pixel));
      const sign = pixel > plot.right ? null : Math.sign(weight) || 0;
      if (sign === last) continue;
      if (last) {
        context.fillStyle = last > 0 ? of.real.colour : of.dream.colour;
        // for Q the band is half as thick, so that it needs no colour
        if (last > 0) context.fillRect(start, top, pixel - start, height);
        else context.fillRect(start, top + height / 2, pixel - start, height / 2);
      }
      [start, last] = [pixel, sign];
    }
  }

  #drawLaw(context, name, letter, place, plot, xAxis, yAxis) {
    const law = this.#scene[name];
    const { of, rem } = this.#theme;
    const look = of[name];
    const places = [];
    for (let pixel = plot.left; pixel <= plot.right; pixel += 1.5) places.push(xAxis.value(pixel));
    for (const edge of jumps(law)) places.push(edge - 1e-9, edge + 1e-9);
    places.sort((a, b) => a - b);
    context.beginPath();
    for (const x of places) context.lineTo(xAxis.at(x), yAxis.at(Math.exp(logDensity(law, x))));
    context.strokeStyle = look.colour;
    context.lineWidth = 0.15 * rem;
    context.lineJoin = "round";
    context.setLineDash(look.dash);
    context.stroke();
    context.setLineDash([]);
    const centre = xAxis.at(law.mean);
    const held = this.#held === LAWS[place][1] ? 0.6 : 0.48;
    context.fillStyle = look.colour;
    drawMark(context, look.mark, centre, plot.bottom, held * rem);
    setFont(context, this.#theme, 1, 600);
    context.fillStyle = look.text;
    context.textAlign = "center";
    context.textBaseline = "alphabetic";
    const [densest, density] = peak(law);
    const top = yAxis.at(density);
    const beside = xAxis.at(densest) + (place ? -1.1 : 1.1) * rem; // not on the line of the point
    haloText(context, this.#theme, letter, beside, Math.max(plot.top, top));
  }

  #drawPoint(context, plot, xAxis, yAxis) {
    const { text, of, rem } = this.#theme;
    const { x } = this.#scene;
    const place = xAxis.at(x);
    context.strokeStyle = text;
    context.lineWidth = 1.5 / this.surface.ratio;
    const line = crisp(place, this.surface.ratio);
    segment(context, line, plot.top - 0.6 * rem, line, plot.bottom);
    for (const [name] of LAWS) {
      const density = Math.exp(logDensity(this.#scene[name], x));
      context.fillStyle = of[name].colour;
      drawMark(context, of[name].mark, place, yAxis.at(density), 0.36 * rem);
    }
  }

  #connect() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || !this.#plot) return;
      canvas.setPointerCapture(event.pointerId);
      clearTimeout(this.#timer);
      this.#held = this.#grip(event);
      this.root.classList.add("moving");
      this.#follow(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (this.#held && canvas.hasPointerCapture(event.pointerId)) this.#follow(event);
      else if (this.#plot) canvas.classList.toggle("grip", this.#grip(event) !== "x");
    });
    const end = () => this.#held && this.#rest();
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      if (!step || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      clearTimeout(this.#timer);
      this.#held = "x";
      this.#move(this.#scene.x + step * (event.shiftKey ? 1 : 0.1));
      this.#timer = setTimeout(() => this.#rest(), SETTLE_MS);
    });
  }

  // What a press would take hold of: the mark of a density, or else the point.
  #grip(event) {
    const { plot, xAxis } = this.#plot;
    const { rem } = this.#theme;
    if (Math.abs(event.offsetY - plot.bottom) > GRIP * rem) return "x";
    const near = LAWS.map(([name, key]) => [Math.abs(event.offsetX - xAxis.at(this.#scene[name].mean)), key]);
    const [distance, key] = near.sort((a, b) => a[0] - b[0])[0];
    return distance < GRIP * rem ? key : "x";
  }

  #follow(event) {
    this.#move(this.#plot.xAxis.value(event.offsetX));
  }

  #move(value) {
    const most = this.#held === "x" ? RANGE[1] : 5;
    const x = Math.round(Math.max(-most, Math.min(most, value)) * 10) / 10;
    const law = LAWS.find(([, key]) => key === this.#held);
    if (law) this.#scene = { ...this.#scene, [law[0]]: { ...this.#scene[law[0]], mean: x } };
    else this.#scene = { ...this.#scene, x };
    this.#frames.ask();
  }

  #rest() {
    const held = this.#held;
    const law = LAWS.find(([, key]) => key === held);
    this.#held = null;
    this.root.classList.remove("moving");
    this.#frames.ask();
    this.#component.setTriggerValue("moved", { [held]: law ? this.#scene[law[0]].mean : this.#scene.x });
  }
}

function weightAt({ real, dream, x }, place = x) {
  const [p, q] = [logDensity(real, place), logDensity(dream, place)];
  if (p === -Infinity && q === -Infinity) return NaN;
  return Math.max(-ENDLESS, Math.min(ENDLESS, p - q));
}

function said({ family, mean, scale }) {
  return `${family} around ${written(mean)} with scale ${scale}`;
}

function written(value) {
  return String(Number(value.toFixed(2))).replace("-", "−");
}
