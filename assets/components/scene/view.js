// One picture with its numbers over it, which a hand may move: what all such views share.

import { Surface } from "../run/canvas.js";
import { make, setText } from "../run/dom.js";
import { Frames } from "../run/frames.js";
import { applyTheme, readTheme, watchTheme } from "../run/theme.js";

const SETTLE_MS = 450; // after the last key
const ARROWS = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] };

/**
 * A component on a page whose data is a scene: a `kind`, `numbers` as `label`, `text` and `role`,
 * and a text alternative `alt` where nothing moves. A kind of view extends it by what it draws and,
 * where a hand may move something, by what is taken hold of and what becomes of it. What a hand
 * moves is drawn at once; when it rests, Python hears of it and answers with another scene.
 */
export class SceneView {
  scene = null; // what is shown
  theme = null;
  held = null; // what a hand or the keys are at
  axes = null; // what `draw` has returned, where hands look things up
  isMoving = false;
  isAsked = false; // whether the hand has moved away from what the server has answered
  #component = null;
  #timer = 0;
  #frames = new Frames((seconds) => this.#draw(seconds));

  constructor(parent, name) {
    this.canvas = make("canvas", "sceneCanvas");
    this.numbers = make("p", "numbers");
    this.probe = make("i", "probe", { "aria-hidden": "true" });
    this.root = make("div", `run scene ${name}`, {}, this.probe, this.numbers, this.canvas);
    parent.querySelector(".reserved")?.remove();
    parent.append(this.root);
    this.surface = new Surface(this.canvas, () => this.#frames.ask());
    this.unwatch = watchTheme(this.probe, () => this.#readTheme());
    this.#connect();
  }

  /** Take what Python says. */
  update(component) {
    this.#component = component;
    if (!this.isMoving) {
      if (component.data.kind !== this.scene?.kind) this.held = null;
      this.scene = component.data;
      this.isAsked = false;
    }
    const { canvas } = this;
    const keys = this.keys();
    canvas.classList.toggle("draggable", Boolean(keys));
    if (keys) {
      canvas.tabIndex = 0;
      canvas.setAttribute("aria-description", keys);
      canvas.title = keys;
    } else {
      canvas.removeAttribute("tabindex");
      canvas.removeAttribute("aria-description");
      canvas.removeAttribute("title");
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

  // -- What a kind of view says of itself --------------------------------------------------------

  /** What keys do, in words, or null where nothing can be moved. */
  keys() {
    return null;
  }

  /** Draw the scene, and return the axes that hands are to look things up in. */
  draw() {
    throw new Error("A view draws its scene.");
  }

  /** The numbers while the hand is away from what the server has answered. */
  estimates() {
    return this.scene.numbers;
  }

  /** The picture in words, with the numbers that are shown. */
  said() {
    return this.scene.alt;
  }

  /** Move on by so many seconds what moves by itself; whether it goes on. */
  advance() {
    return false;
  }

  /** What a press at an event would take hold of, or null. */
  grip() {
    return null;
  }

  /** Move what is held to where an event is. */
  follow() {}

  /** Move by an arrow key, `way` being -1, 0 or 1 across and up; false where nothing moves. */
  press() {
    return false;
  }

  /** What Python is told when the hand rests. */
  moved() {
    return {};
  }

  // -- What a kind of view calls -----------------------------------------------------------------

  /** Show the scene with some of it changed by a hand. */
  show(changed) {
    this.scene = { ...this.scene, ...changed };
    this.isAsked = true;
    this.#frames.ask();
  }

  /** Draw anew. */
  redraw() {
    this.#frames.ask();
  }

  /** The hand has come to rest. */
  rest() {
    clearTimeout(this.#timer);
    this.isMoving = false;
    this.#frames.ask();
    this.#component.setTriggerValue("moved", this.moved());
  }

  // -- How it works ------------------------------------------------------------------------------

  #readTheme() {
    this.theme = readTheme(this.root, this.#component.data.colours);
    applyTheme(this.root, this.theme);
    this.#frames.ask();
  }

  #draw(seconds) {
    const goesOn = this.advance(seconds);
    const shown = this.isAsked ? this.estimates() : this.scene.numbers;
    this.#write(shown);
    this.root.dataset.kind = this.scene.kind;
    this.surface.describe(this.said(shown));
    const context = this.surface.begin();
    if (context) this.axes = this.draw(context) ?? null;
    return goesOn;
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

  #connect() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      const held = event.button === 0 && this.axes && this.grip(event);
      if (!held) return;
      canvas.setPointerCapture(event.pointerId);
      clearTimeout(this.#timer);
      this.held = held;
      this.isMoving = true;
      this.follow(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (this.isMoving && canvas.hasPointerCapture(event.pointerId)) this.follow(event);
      else canvas.classList.toggle("grip", Boolean(this.axes && this.grip(event)));
    });
    const end = () => this.isMoving && this.rest();
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    // A finger that has taken hold of something moves it, and does not scroll the page.
    canvas.addEventListener("touchmove", (event) => this.isMoving && event.preventDefault(), { passive: false });
    canvas.addEventListener("keydown", (event) => {
      const way = ARROWS[event.key];
      if (!way || !this.keys() || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      clearTimeout(this.#timer);
      if (this.press(way, event)) this.isMoving = true;
      if (this.isMoving) this.#timer = setTimeout(() => this.rest(), SETTLE_MS);
    });
  }
}
