// One picture with its numbers over it; the two densities of some follow the hand at once.

import { Surface } from "../run/canvas.js";
import { make, setText } from "../run/dom.js";
import { Frames } from "../run/frames.js";
import { applyTheme, readTheme, watchTheme } from "../run/theme.js";
import { ENDLESS, signed } from "../belief/notation.js";
import { divergence } from "./kl.js";
import { LAWS, drawCurves, drawLaws, grips, scaleAt } from "./pair.js";
import { drawFan, drawFlips, drawRace } from "./samples.js";
import { drawBars, drawCodes, drawEllipses } from "./tables.js";

const SCENES = {
  curves: drawCurves,
  fan: drawFan,
  race: drawRace,
  flips: drawFlips,
  bars: drawBars,
  codes: drawCodes,
  ellipses: drawEllipses,
};
const SETTLE_MS = 450; // after the last key
const GRIP = 1.3; // rem around a mark where a press takes hold of it
const STEP = 0.05;
const KEYS =
  "Arrow keys left and right move the first density that can be moved, up and down widen and " +
  "narrow it; with Shift the second";

/** One component on a page. */
export class View {
  #component = null;
  #theme = null;
  #scene = null; // what is shown
  #held = null; // the key of what a hand is moving
  #isAsked = false; // whether the hand has moved away from what the server has answered
  #axes = null;
  #timer = 0;
  #frames = new Frames(() => this.#draw());

  constructor(parent) {
    this.canvas = make("canvas", "divergenceCanvas");
    this.numbers = make("p", "numbers");
    this.probe = make("i", "probe", { "aria-hidden": "true" });
    this.root = make("div", "run divergence", {}, this.probe, this.numbers, this.canvas);
    parent.querySelector(".reserved")?.remove();
    parent.append(this.root);
    this.surface = new Surface(this.canvas, () => this.#frames.ask());
    this.unwatch = watchTheme(this.probe, () => this.#readTheme());
    this.#connect();
  }

  /** Take what Python says. */
  update(component) {
    this.#component = component;
    if (!this.#held) {
      this.#scene = component.data;
      this.#isAsked = false;
    }
    const { canvas } = this;
    canvas.classList.toggle("draggable", this.#isMovable);
    if (this.#isMovable) {
      canvas.tabIndex = 0;
      canvas.setAttribute("aria-description", KEYS);
    } else {
      canvas.removeAttribute("tabindex");
      canvas.removeAttribute("aria-description");
      canvas.classList.remove("grip");
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

  get #isMovable() {
    return this.#scene.kind === "densities";
  }

  // What can be moved, as [law, key of its mean, key of its scale].
  get #movable() {
    const { handles } = this.#scene;
    return LAWS.filter(([name]) => handles[name]).map(([name]) => [name, ...handles[name]]);
  }

  #readTheme() {
    this.#theme = readTheme(this.root, this.#component.data.colours);
    applyTheme(this.root, this.#theme);
    this.#frames.ask();
  }

  #draw() {
    const { kind, numbers, alt } = this.#scene;
    const shown = this.#isAsked ? this.#estimates() : numbers;
    this.#write(shown);
    this.root.dataset.kind = kind;
    this.surface.describe(this.#isMovable ? this.#said(shown) : alt);
    const context = this.surface.begin();
    if (!context) return false;
    if (this.#isMovable) this.#axes = drawLaws(context, this.#theme, this.surface, this.#scene, this.#held);
    else SCENES[kind](context, this.#theme, this.surface, this.#scene);
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

  // What the numbers are while the hand moves: as good as a picture, and marked as such.
  #estimates() {
    const { real, dream, unit, numbers } = this.#scene;
    const found = [divergence(real, dream), divergence(dream, real)];
    Object.assign(this.root.dataset, { forward: String(found[0]), reverse: String(found[1]) });
    return numbers.map((number, i) => {
      const value = Math.min(ENDLESS, found[i]);
      const text = value < ENDLESS ? `≈ ${signed(value, unit).replace("+", "")}` : "infinite";
      return { ...number, text };
    });
  }

  #said(numbers) {
    const laws = LAWS.map(([name, letter]) => `${letter}, ${described(this.#scene[name])}`).join(" and ");
    const others = this.#scene.others.map((law) => `; a fit that ${law.label}, ${described(law)}`).join("");
    return `Densities of ${laws}${others}. ${numbers.map(({ label, text }) => `${label} is ${text}`).join(", ")}.`;
  }

  #connect() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      const held = event.button === 0 && this.#grip(event);
      if (!held) return;
      canvas.setPointerCapture(event.pointerId);
      clearTimeout(this.#timer);
      this.#held = held;
      this.#follow(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (this.#held && canvas.hasPointerCapture(event.pointerId)) this.#follow(event);
      else canvas.classList.toggle("grip", Boolean(this.#grip(event)));
    });
    const end = () => this.#held && this.#rest();
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    // A finger that takes hold of a mark moves it, and does not scroll the page.
    canvas.addEventListener("touchmove", (event) => this.#held && event.preventDefault(), { passive: false });
    canvas.addEventListener("keydown", (event) => this.#press(event));
  }

  #press(event) {
    const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
    if (!way || !this.#isMovable || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const movable = this.#movable;
    const [name, mean, scale] = movable[event.shiftKey ? movable.length - 1 : 0];
    const law = this.#scene[name];
    const key = way[0] ? mean : scale;
    if (this.#held && this.#held !== key) this.#rest(); // one thing at a time
    clearTimeout(this.#timer);
    this.#held = key;
    this.#move(way[0] ? law.mean + way[0] * STEP : law.scale + way[1] * STEP);
    this.#timer = setTimeout(() => this.#rest(), SETTLE_MS);
  }

  // The key of the mark that a press would take hold of, or null.
  #grip(event) {
    if (!this.#isMovable || !this.#axes) return null;
    const { xAxis, yAxis } = this.#axes;
    const near = this.#movable.flatMap(([name, mean, scale]) => {
      const at = grips(name, this.#scene[name], xAxis, yAxis);
      const distance = ([x, y]) => Math.hypot(event.offsetX - x, event.offsetY - y);
      return [
        [distance(at.mean), mean],
        [distance(at.scale), scale],
      ];
    });
    const [distance, key] = near.sort((a, b) => a[0] - b[0])[0];
    return distance < GRIP * this.#theme.rem ? key : null;
  }

  #follow(event) {
    const place = this.#axes.xAxis.value(event.offsetX);
    const [name, mean] = this.#holding();
    this.#move(this.#held === mean ? place : scaleAt(name, this.#scene[name], place));
  }

  #holding() {
    return this.#movable.find(([, ...keys]) => keys.includes(this.#held));
  }

  #move(value) {
    const [name, mean] = this.#holding();
    const isMean = this.#held === mean;
    const [low, high] = isMean ? [-5, 5] : this.#scene.scales;
    const marked = Math.round(Math.max(low, Math.min(high, value)) / STEP) * STEP;
    const law = { ...this.#scene[name], [isMean ? "mean" : "scale"]: Number(marked.toFixed(2)) };
    this.#scene = { ...this.#scene, [name]: law };
    this.#isAsked = true;
    this.#frames.ask();
  }

  #rest() {
    clearTimeout(this.#timer);
    const held = this.#held;
    const [name, mean] = this.#holding();
    const law = this.#scene[name];
    this.#held = null;
    this.#frames.ask();
    this.#component.setTriggerValue("moved", { [held]: held === mean ? law.mean : law.scale });
  }
}

function described({ family, mean, scale, apart }) {
  const shape = family === "Two normals" ? `, ${apart} apart` : "";
  return `${family} around ${String(Number(mean.toFixed(2))).replace("-", "−")} with scale ${Number(scale.toFixed(2))}${shape}`;
}
