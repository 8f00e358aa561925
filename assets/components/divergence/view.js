// One picture with its numbers over it; the two densities of some follow the hand at once.

import { ENDLESS, signed } from "../belief/notation.js";
import { SceneView } from "../scene/view.js";
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
const GRIP = 1.3; // rem around a mark where a press takes hold of it
const STEP = 0.05;
const KEYS =
  "Arrow keys left and right move the first density that can be moved, up and down widen and " +
  "narrow it; with Shift the second";

/** One component on a page. */
export class View extends SceneView {
  constructor(parent) {
    super(parent, "divergence");
  }

  keys() {
    return this.#isMovable ? KEYS : null;
  }

  get #isMovable() {
    return this.scene.kind === "densities";
  }

  // What can be moved, as [law, key of its mean, key of its scale].
  get #movable() {
    const { handles } = this.scene;
    return LAWS.filter(([name]) => handles[name]).map(([name]) => [name, ...handles[name]]);
  }

  draw(context) {
    const { theme, surface, scene } = this;
    if (this.#isMovable) return drawLaws(context, theme, surface, scene, this.held);
    return SCENES[scene.kind](context, theme, surface, scene);
  }

  // As good as a picture, and marked as such.
  estimates() {
    const { real, dream, unit, numbers } = this.scene;
    const found = [divergence(real, dream), divergence(dream, real)];
    Object.assign(this.root.dataset, { forward: String(found[0]), reverse: String(found[1]) });
    return numbers.map((number, i) => {
      const value = Math.min(ENDLESS, found[i]);
      const text = value < ENDLESS ? `≈ ${signed(value, unit).replace("+", "")}` : "infinite";
      return { ...number, text };
    });
  }

  said(numbers) {
    if (!this.#isMovable) return this.scene.alt;
    const laws = LAWS.map(([name, letter]) => `${letter}, ${described(this.scene[name])}`).join(" and ");
    const others = this.scene.others.map((law) => `; a fit that ${law.label}, ${described(law)}`).join("");
    return `Densities of ${laws}${others}. ${numbers.map(({ label, text }) => `${label} is ${text}`).join(", ")}.`;
  }

  // -- Hands -----------------------------------------------------------------------------------

  press(way, event) {
    const movable = this.#movable;
    const [name, mean, scale] = movable[event.shiftKey ? movable.length - 1 : 0];
    const law = this.scene[name];
    const key = way[0] ? mean : scale;
    if (this.held && this.held !== key) this.rest(); // one thing at a time
    this.held = key;
    this.#move(way[0] ? law.mean + way[0] * STEP : law.scale + way[1] * STEP);
    return true;
  }

  // The key of the mark that a press would take hold of, or null.
  grip(event) {
    if (!this.#isMovable) return null;
    const { xAxis, yAxis } = this.axes;
    const near = this.#movable.flatMap(([name, mean, scale]) => {
      const at = grips(name, this.scene[name], xAxis, yAxis);
      const distance = ([x, y]) => Math.hypot(event.offsetX - x, event.offsetY - y);
      return [
        [distance(at.mean), mean],
        [distance(at.scale), scale],
      ];
    });
    const [distance, key] = near.sort((a, b) => a[0] - b[0])[0];
    return distance < GRIP * this.theme.rem ? key : null;
  }

  follow(event) {
    const place = this.axes.xAxis.value(event.offsetX);
    const [name, mean] = this.#holding();
    this.#move(this.held === mean ? place : scaleAt(name, this.scene[name], place));
  }

  moved() {
    const { held } = this;
    const [name, mean] = this.#holding();
    this.held = null;
    return { [held]: held === mean ? this.scene[name].mean : this.scene[name].scale };
  }

  #holding() {
    return this.#movable.find(([, ...keys]) => keys.includes(this.held));
  }

  #move(value) {
    const [name, mean] = this.#holding();
    const isMean = this.held === mean;
    const [low, high] = isMean ? [-5, 5] : this.scene.scales;
    const marked = Math.round(Math.max(low, Math.min(high, value)) / STEP) * STEP;
    const law = { ...this.scene[name], [isMean ? "mean" : "scale"]: Number(marked.toFixed(2)) };
    this.show({ [name]: law });
  }
}

function described({ family, mean, scale, apart }) {
  const shape = family === "Two normals" ? `, ${apart} apart` : "";
  return `${family} around ${String(Number(mean.toFixed(2))).replace("-", "−")} with scale ${Number(scale.toFixed(2))}${shape}`;
}
