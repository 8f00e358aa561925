// The code plane under the hand: the map of held-out images, and the code that is decoded.

import { drawMark } from "../run/marks.js";
import { Surface, haloText, setFont } from "../run/canvas.js";
import { CodeMap } from "../run/codemap.js";
import { make } from "../run/dom.js";

const NEAR_REM = 0.9; // a tap nearer to a code than this means the code
const STEP = 0.1; // standard deviations of the prior that an arrow key moves
const QUIET_MS = 500; // keys have come to rest

/**
 * The plane. `tell` has `begin()` when the hand takes hold, `move(x, y)` while the hand moves, `rest()` when it has come to rest, and
 * `pick(image)` when a code was tapped.
 */
export class Plane {
  #pointer = null;
  #start = null;
  #timer = 0;

  takesAny = false; // whether a tap takes the nearest image, however far it is

  constructor(tell, onChange) {
    this.tell = tell;
    const keys = "Arrow keys move the code, with Shift by more; Home is zero; Enter takes the nearest image";
    this.map = make("canvas", "map", { "aria-label": "Nothing is drawn yet." });
    this.over = make("canvas", "over", { tabindex: "0", "aria-description": keys });
    this.dot = make("i", "dot", { "aria-hidden": "true" });
    this.element = make("div", "plane-box", {}, this.map, this.over, this.dot);
    this.codes = new CodeMap(this.map, onChange);
    this.surface = new Surface(this.over, onChange);
    this.over.setAttribute("role", "application");
    this.model = null;
    this.dims = [0, 1];
    this.at = [0, 0];
    this.#listen();
  }

  /** Draw the map, which changes seldom, and what lies over it: `key` says what that is. */
  draw(theme, { model, dims, key, trail, ends, ways, drawing, words }) {
    this.model = model;
    this.dims = dims;
    const isLine = dims[1] < 0;
    const codes = model?.codes ? planar(model, dims) : null;
    this.codes.draw(theme, codes, {
      key: `${Boolean(codes)} ${model?.root} ${model?.described.step} ${model?.described.member} ${dims}`,
      seconds: 0,
      isStill: true,
      words: codes ? `Codes of ${model.codes.count} held-out images by label, with the prior's contours at 1 and 2 standard deviations.` : "The codes are on their way.",
    });
    const { frame } = this.codes;
    if (!frame) return;
    this.surface.describe(words);
    if (!this.surface.isStale(theme.id, key)) return;
    const context = this.surface.begin();
    if (!context) return;
    const place = (z) => [frame.x(z[dims[0]]), isLine ? frame.cy : frame.y(z[dims[1]])];
    context.lineJoin = context.lineCap = "round";
    if (trail.length > 1) line(context, theme, trail.map(place), theme.text, []);
    if (ways) {
      line(context, theme, ways.straight.map(place), theme.of.bound.text, theme.of.bound.dash);
      line(context, theme, ways.along.map(place), theme.of.dream.text, []);
    }
    if (drawing) this.#gaussian(context, theme, drawing, place, frame.unit, isLine);
    setFont(context, theme, 1.05, 700);
    context.textAlign = "center";
    context.textBaseline = "middle";
    ends.forEach((z, i) => {
      const [x, y] = place(z);
      context.fillStyle = theme.text;
      drawMark(context, "ring", x, y, 0.55 * theme.rem);
      haloText(context, theme, "AB"[i], x, y - 1.1 * theme.rem);
    });
  }

  /** Put the marker where the code is; it moves without anything being drawn anew. */
  mark(z) {
    const { frame } = this.codes;
    if (!frame) return;
    const x = frame.x(z[this.dims[0]]);
    const y = this.dims[1] < 0 ? frame.cy : frame.y(z[this.dims[1]]);
    this.at = [z[this.dims[0]], this.dims[1] < 0 ? 0 : z[this.dims[1]]];
    const hold = (value, low, high) => Math.max(low, Math.min(high, value));
    this.dot.style.transform = `translate(${hold(x, frame.left, frame.right).toFixed(1)}px, ${hold(y, frame.top, frame.bottom).toFixed(1)}px)`;
  }

  destroy() {
    clearTimeout(this.#timer);
    this.surface.destroy();
    this.codes.destroy();
  }

  // A code's distribution: its mean, and where it lies within one and two standard deviations.
  #gaussian(context, theme, { mean, logVar }, place, unit, isLine) {
    const [x, y] = place(mean);
    const look = theme.of.real;
    const radius = (dim) => (dim < 0 ? 0.5 * theme.rem / unit : Math.exp(logVar[dim] / 2));
    for (const deviations of [2, 1]) {
      context.beginPath();
      const wide = Math.max(2, deviations * radius(this.dims[0]) * unit);
      const high = isLine ? 0.6 * theme.rem : Math.max(2, deviations * radius(this.dims[1]) * unit);
      context.ellipse(x, y, wide, high, 0, 0, 2 * Math.PI);
      context.fillStyle = look.colour;
      context.globalAlpha = 0.3;
      context.fill();
      context.globalAlpha = 1;
      context.strokeStyle = theme.text;
      context.lineWidth = 1.5;
      context.stroke();
    }
    context.fillStyle = theme.text;
    drawMark(context, "plus", x, y, 0.35 * theme.rem);
  }

  #listen() {
    const { over } = this;
    over.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || this.#pointer !== null || !this.codes.frame) return;
      over.setPointerCapture(event.pointerId);
      this.#pointer = event.pointerId;
      this.box = over.getBoundingClientRect();
      this.#start = { x: event.clientX, y: event.clientY, isTap: true };
      this.tell.begin();
      this.#follow(event);
    });
    over.addEventListener("pointermove", (event) => {
      if (event.pointerId !== this.#pointer) return;
      const gone = Math.hypot(event.clientX - this.#start.x, event.clientY - this.#start.y);
      if (gone > 4) this.#start.isTap = false;
      this.#follow(event);
    });
    for (const name of ["pointerup", "pointercancel"]) {
      over.addEventListener(name, (event) => {
        if (event.pointerId !== this.#pointer) return;
        this.#pointer = null;
        const near = this.takesAny ? Infinity : NEAR_REM;
        const image = this.#start.isTap ? this.nearest(this.#at(event), near) : null;
        if (image !== null) this.tell.pick(image);
        else this.tell.rest();
      });
    }
    over.addEventListener("keydown", (event) => this.#key(event));
  }

  #key(event) {
    const ways = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };
    if (event.altKey || event.ctrlKey || event.metaKey || !this.codes.frame) return;
    if (event.key in ways) {
      const step = event.shiftKey ? 5 * STEP : STEP;
      const [dx, dy] = ways[event.key];
      this.#moveByKey(this.at[0] + step * dx, this.at[1] + step * dy);
    } else if (event.key === "Home") this.#moveByKey(0, 0);
    else if (event.key === "Enter") {
      const image = this.nearest(this.at, Infinity);
      if (image !== null) this.tell.pick(image);
    } else return;
    event.preventDefault();
    event.stopPropagation();
    clearTimeout(this.#timer);
    if (event.key !== "Enter") this.#timer = setTimeout(() => this.tell.rest(), QUIET_MS);
  }

  // The next key goes on from here, be the marker drawn by then or not.
  #moveByKey(x, y) {
    this.at = [x, this.dims[1] < 0 ? 0 : y];
    this.tell.move(x, y, "key");
  }

  #at(event) {
    const { frame } = this.codes;
    const { box } = this;
    const x = Math.max(frame.left, Math.min(frame.right, event.clientX - box.left));
    const y = Math.max(frame.top, Math.min(frame.bottom, event.clientY - box.top));
    return [(x - frame.cx) / frame.unit, (frame.cy - y) / frame.unit];
  }

  #follow(event) {
    this.tell.move(...this.#at(event), "hand");
  }

  /** The held-out image whose code is nearest to a place in the plane, within some rem; or null. */
  nearest([x, y], rem) {
    if (!this.model?.codes) return null;
    const { mean, count } = this.model.codes;
    const { latent } = this.model.described;
    const [across, up] = this.dims;
    let best = { image: null, gap: Infinity };
    for (let i = 0; i < count; i += 1) {
      const dy = up < 0 ? 0 : mean[i * latent + up] - y;
      const gap = Math.hypot(mean[i * latent + across] - x, dy);
      if (gap < best.gap) best = { image: i, gap };
    }
    const room = (rem * parseFloat(getComputedStyle(document.documentElement).fontSize)) / this.codes.frame.unit;
    return best.gap <= room ? best.image : null;
  }
}

const planes = new WeakMap(); // model -> {key, codes}

// The codes of a model in two of their dimensions, as the map wants them.
function planar(model, dims) {
  const kept = planes.get(model);
  if (kept?.key === dims.join()) return kept.codes;
  const { mean, labels, count } = model.codes;
  const { latent } = model.described;
  const points = new Float32Array(2 * count);
  for (let i = 0; i < count; i += 1) {
    points[2 * i] = mean[i * latent + dims[0]];
    points[2 * i + 1] = dims[1] < 0 ? 0 : mean[i * latent + dims[1]];
  }
  const codes = { points, labels, dims };
  planes.set(model, { key: dims.join(), codes });
  return codes;
}

function line(context, theme, points, colour, dash) {
  context.beginPath();
  points.forEach(([x, y], i) => (i ? context.lineTo(x, y) : context.moveTo(x, y)));
  for (const [stroke, width] of [[theme.paper, 5], [colour, 2.5]]) {
    context.strokeStyle = stroke;
    context.lineWidth = width;
    context.setLineDash(width > 4 ? [] : dash);
    context.stroke();
  }
  context.setLineDash([]);
}
