// One picture with its numbers over it; tables and a point follow the hand at once.

import { Surface } from "../run/canvas.js";
import { make, setText } from "../run/dom.js";
import { Frames } from "../run/frames.js";
import { applyTheme, readTheme, watchTheme } from "../run/theme.js";
import { signed } from "../belief/notation.js";
import { columns, divergence, drawProof } from "./proof.js";
import { drawPaths, drawSplit, drawTail } from "./sums.js";
import { FAMILIES, drawSurface } from "./surface.js";

const STILL = { split: drawSplit, tail: drawTail, paths: drawPaths };
const SETTLE_MS = 450; // after the last key
const STEP = 0.01;
const KEYS = {
  proof: "Arrow keys left and right choose a bar, up and down change it; the others make room",
  surface: "Arrow keys move the mark, with Shift in larger steps",
};

/** One component on a page. */
export class View {
  #component = null;
  #theme = null;
  #scene = null; // what is shown
  #held = null; // what a hand or the keys are at
  #isMoving = false;
  #isAsked = false; // whether the hand has moved away from what the server has answered
  #axes = null;
  #timer = 0;
  #frames = new Frames(() => this.#draw());

  constructor(parent) {
    this.canvas = make("canvas", "divergenceCanvas");
    this.numbers = make("p", "numbers");
    this.probe = make("i", "probe", { "aria-hidden": "true" });
    this.root = make("div", "run divergence properties", {}, this.probe, this.numbers, this.canvas);
    parent.querySelector(".reserved")?.remove();
    parent.append(this.root);
    this.surface = new Surface(this.canvas, () => this.#frames.ask());
    this.unwatch = watchTheme(this.probe, () => this.#readTheme());
    this.#connect();
  }

  /** Take what Python says. */
  update(component) {
    this.#component = component;
    if (!this.#isMoving) {
      if (component.data.kind !== this.#scene?.kind) this.#held = null;
      this.#scene = component.data;
      this.#isAsked = false;
    }
    const { canvas } = this;
    const keys = KEYS[this.#scene.kind];
    canvas.classList.toggle("draggable", Boolean(keys));
    if (keys) {
      canvas.tabIndex = 0;
      canvas.setAttribute("aria-description", keys);
    } else {
      canvas.removeAttribute("tabindex");
      canvas.removeAttribute("aria-description");
    }
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
    const scene = this.#scene;
    const shown = this.#isAsked ? this.#estimate() : scene.numbers;
    this.#write(shown);
    this.root.dataset.kind = scene.kind;
    this.surface.describe(this.#said(shown));
    const context = this.surface.begin();
    if (!context) return false;
    if (scene.kind === "proof") this.#axes = drawProof(context, this.#theme, this.surface, scene, this.#held);
    else if (scene.kind === "surface") this.#axes = drawSurface(context, this.#theme, this.surface, scene, this.#isMoving);
    else STILL[scene.kind](context, this.#theme, this.surface, scene);
    return false;
  }

  #write(numbers) {
    while (this.numbers.children.length > numbers.length) this.numbers.lastChild.remove();
    numbers.forEach(({ label, text, role }, i) => {
      if (!this.numbers.children[i]) {
        this.numbers.append(make("span", "", {}, make("span", "name"), make("span", "value")));
      }
      const item = this.numbers.children[i];
      item.style.color = `var(--${role}-text)`;
      setText(item.children[0], label);
      setText(item.children[1], text);
    });
  }

  // What the number is while the hand moves: as good as a picture, and marked as such.
  #estimate() {
    const { kind, p, q, family, place, unit, numbers } = this.#scene;
    const kl = kind === "proof" ? divergence(p, q) : FAMILIES[family](...place);
    this.root.dataset.kl = String(kl);
    const text = Number.isFinite(kl) ? `≈ ${signed(kl, unit, 4).replace("+", "")}` : "infinite";
    return [{ ...numbers[0], text }];
  }

  #said(numbers) {
    const { kind, p, q, names, place, alt } = this.#scene;
    const told = numbers.map(({ label, text }) => `${label}: ${text}`).join(", ");
    const list = (row) => row.map((value) => String(Number(value.toFixed(3)))).join(", ");
    if (kind === "proof") {
      return `Bars of P, ${list(p)}, and of Q, ${list(q)}; the line x − 1 above log x, with the gap at each ratio q over p. ${told}.`;
    }
    if (kind === "surface") return `KL over ${names.join(" and ")}; the mark is at ${list(place)}. ${told}.`;
    return alt;
  }

  // -- Hands -----------------------------------------------------------------------------------

  #connect() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      const held = event.button === 0 && this.#grip(event);
      if (!held) return;
      canvas.setPointerCapture(event.pointerId);
      clearTimeout(this.#timer);
      this.#held = held;
      this.#isMoving = true;
      this.#follow(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (this.#isMoving && canvas.hasPointerCapture(event.pointerId)) this.#follow(event);
    });
    const end = () => this.#isMoving && this.#rest();
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    canvas.addEventListener("touchmove", (event) => this.#isMoving && event.preventDefault(), { passive: false });
    canvas.addEventListener("keydown", (event) => this.#press(event));
  }

  // What a press takes hold of: a bar by its column, the mark from wherever in the plane; or null.
  #grip(event) {
    const { kind, p } = this.#scene;
    if (!this.#axes) return null;
    if (kind === "surface") return { name: "place", place: 0 };
    if (kind !== "proof") return null;
    const { plot } = this.#axes;
    if (event.offsetY < plot.top - 8 || event.offsetY > plot.bottom + 8) return null;
    const places = columns(plot, p.length);
    for (const name of ["p", "q"]) {
      const place = places.findIndex((each) => event.offsetX >= each[name][0] && event.offsetX < each[name][1]);
      if (place >= 0) return { name, place };
    }
    return null;
  }

  #follow(event) {
    const { xAxis, yAxis } = this.#axes;
    if (this.#scene.kind === "surface") this.#moveTo(xAxis.value(event.offsetX), yAxis.value(event.offsetY));
    else this.#setBar(yAxis.value(event.offsetY));
  }

  #press(event) {
    const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    const { kind, place, steps } = this.#scene;
    if (!way || !KEYS[kind] || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    clearTimeout(this.#timer);
    if (kind === "surface") {
      const size = event.shiftKey ? 10 : 1;
      this.#isMoving = true;
      this.#moveTo(place[0] + size * way[0] * steps[0], place[1] + size * way[1] * steps[1]);
    } else if (way[0] || !this.#held) {
      this.#choose(way[0]);
      if (!this.#isMoving) return;
    } else {
      this.#isMoving = true;
      this.#setBar(this.#scene[this.#held.name][this.#held.place] + way[1] * STEP);
    }
    this.#timer = setTimeout(() => this.#rest(), SETTLE_MS);
  }

  // The next bar in the order in which they stand.
  #choose(by) {
    const count = 2 * this.#scene.p.length;
    const now = this.#held ? 2 * this.#held.place + (this.#held.name === "q" ? 1 : 0) : by < 0 ? 0 : -1;
    const next = (now + (by || 1) + count) % count;
    this.#held = { name: next % 2 ? "q" : "p", place: Math.floor(next / 2) };
    this.#frames.ask();
  }

  #moveTo(x, y) {
    const { ranges, steps } = this.#scene;
    const place = [x, y].map((value, i) => {
      const [low, high] = ranges[i];
      const marked = low + Math.round((Math.max(low, Math.min(high, value)) - low) / steps[i]) * steps[i];
      return Number(Math.max(low, Math.min(high, marked)).toFixed(6));
    });
    this.#show({ place });
  }

  // One bar as high as the hand; the others make room in proportion, for all sum up to one.
  #setBar(value) {
    const { name, place } = this.#held;
    const row = this.#scene[name];
    const chance = Math.max(0, Math.min(1, value));
    const rest = 1 - row[place];
    const scaled = row.map((each, i) => {
      if (i === place) return chance;
      return rest > 1e-9 ? (each * (1 - chance)) / rest : (1 - chance) / (row.length - 1);
    });
    this.#show({ [name]: scaled });
  }

  #show(changed) {
    this.#scene = { ...this.#scene, ...changed };
    this.#isAsked = true;
    this.#frames.ask();
  }

  #rest() {
    clearTimeout(this.#timer);
    this.#isMoving = false;
    this.#frames.ask();
    const { kind, p, q, keys, place } = this.#scene;
    const moved = kind === "proof" ? { p, q } : { [keys[0]]: place[0], [keys[1]]: place[1] };
    this.#component.setTriggerValue("moved", moved);
  }
}
