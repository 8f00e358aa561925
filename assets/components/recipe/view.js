// One picture of the recipe with its numbers over it; pointing at a term lights its factors.

import { SceneView } from "../scene/view.js";
import { drawCoin } from "./coin.js";
import { drawDescent } from "./descent.js";
import { drawSteps } from "./steps.js";

const TURNS = "Arrow keys left and right go to the turn before and the next";
const LONGEST_S = 2.4; // of a walk through turns
const TURN_S = 0.15;
const KEYS = { steps: "Arrow keys up and down light the factors of a term", descent: TURNS, coin: TURNS };

/** One component on a page. */
export class View extends SceneView {
  #line = -1; // the line of the objective that the keys are at
  #lit = null; // keys of the factors that are lit
  #walk = null; // on the way from the turn that was shown to the one that Python says
  #isStill = matchMedia("(prefers-reduced-motion: reduce)");

  constructor(parent) {
    super(parent, "recipe");
    this.canvas.addEventListener("pointermove", (event) => !this.isMoving && this.#point(event));
    this.canvas.addEventListener("pointerleave", () => this.#forget());
  }

  update(component) {
    if (component.data.alt !== this.scene?.alt) {
      this.#line = -1;
      this.#lit = null;
    }
    const before = this.isMoving ? null : this.scene;
    super.update(component);
    if (before) this.#setOut(before);
  }

  // Many turns of one minimisation are watched one after the other.
  #setOut(before) {
    const { turn } = this.scene;
    const count = turn - before.turn;
    const isFar = count > 1 && !this.#isStill.matches && pathOf(before) === pathOf(this.scene);
    this.#walk = isFar ? { at: before.turn, to: turn, pace: count / Math.min(LONGEST_S, TURN_S * count) } : null;
  }

  advance(seconds) {
    if (!this.#walk) return false;
    const { at, to, pace } = this.#walk;
    this.#walk.at = Math.min(to, at + seconds * pace);
    this.isAsked = this.#walk.at < to;
    this.scene = { ...this.scene, turn: Math.floor(this.#walk.at) };
    if (!this.isAsked) this.#walk = null;
    return this.isAsked;
  }

  keys() {
    return KEYS[this.scene.kind];
  }

  draw(context) {
    const { theme, surface, scene } = this;
    if (scene.kind === "steps") return drawSteps(context, theme, surface, scene, this.#lit);
    return (scene.kind === "coin" ? drawCoin : drawDescent)(context, theme, surface, scene);
  }

  // Every turn came with its exact numbers.
  estimates() {
    const { kind, numbers, numbersAt, curves, turn } = this.scene;
    if (kind === "coin") return numbersAt[turn];
    return numbers.map((number, i) => ({ ...number, text: `${curves[i].texts[turn]} nats` }));
  }

  said(numbers) {
    const { kind, alt, lines, panels, turn } = this.scene;
    const told = numbers.map(({ label, text }) => `${label}: ${text}`).join(", ");
    if (kind !== "steps") return `${alt} Shown: turn ${turn}, ${told}.`;
    const line = lines[this.#line];
    if (line) return `${line.name} ${line.text} is lit. ${alt}`;
    const factor = this.#lit && panels.flatMap(({ factors }) => factors).find(({ key }) => this.#lit.includes(key));
    return factor ? `${factor.text} is lit. ${alt}` : alt;
  }

  // -- Hands -----------------------------------------------------------------------------------

  grip(event) {
    if (this.scene.kind === "steps") return this.#under(event) ?? null;
    const { plot } = this.axes;
    return event.offsetX > plot.left - 12 && event.offsetX < plot.right + 12 ? { name: "turn" } : null;
  }

  follow(event) {
    if (this.scene.kind === "steps") this.#point(event);
    else this.#go(this.#turnAt(event.offsetX));
  }

  press(way) {
    const { kind, lines, turn } = this.scene;
    if (kind !== "steps") {
      this.#go(turn + (way[0] || way[1]));
      return true;
    }
    if (!lines.length) return false;
    this.#line = (this.#line - (way[1] || -way[0]) + lines.length) % lines.length;
    this.#light(lines[this.#line].keys);
    return false;
  }

  moved() {
    return { turn: this.scene.turn };
  }

  // Pointing changes nothing that the page need know.
  rest() {
    if (this.scene.kind !== "steps") super.rest();
    else this.isMoving = false;
  }

  get #last() {
    const { kind, path, curves } = this.scene;
    return (kind === "coin" ? path : curves[0].values).length - 1;
  }

  #turnAt(x) {
    const { plot, xAxis } = this.axes;
    if (this.scene.kind === "descent") return xAxis.value(x);
    return ((x - plot.left) / (plot.right - plot.left)) * this.#last;
  }

  #go(to) {
    this.#walk = null;
    this.show({ turn: Math.max(0, Math.min(this.#last, Math.round(to))) });
  }

  #under({ offsetX, offsetY }) {
    const isIn = (hit) => offsetX >= hit.left && offsetX <= hit.right && offsetY >= hit.top && offsetY <= hit.bottom;
    return this.axes?.hits?.find((hit) => hit.keys[0] && isIn(hit));
  }

  #point(event) {
    if (this.scene?.kind !== "steps") return;
    const hit = this.#under(event);
    if (!hit) return this.#forget();
    this.#line = hit.line ?? -1;
    this.#light(hit.keys);
  }

  // Nothing is pointed at.
  #forget() {
    this.#line = -1;
    this.#light(null);
  }

  #light(keys) {
    if (this.#lit === keys) return;
    this.#lit = keys;
    this.redraw();
  }
}

// What tells one minimisation from another.
const pathOf = ({ kind, curves, path }) => JSON.stringify([kind, curves ?? path]);
