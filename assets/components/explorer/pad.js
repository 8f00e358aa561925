// The place to draw: lines under a finger, a pen or the mouse, in the unit square.

import { make } from "../run/dom.js";
import { PEN } from "./strokes.js";

const SIDE = 224; // pixels of its own; the style sheet says how large it is shown

/** A small canvas. `onDraw(isOver)` with every new point, and at the end of a line. */
export class Pad {
  strokes = [];
  #pointer = null;

  constructor(onDraw) {
    this.onDraw = onDraw;
    const keys = "Draw with the mouse, a pen or a finger. Backspace takes the last line back.";
    this.canvas = make("canvas", "pad", { role: "img", tabindex: "0", "aria-label": "An empty place to draw", "aria-description": keys });
    this.canvas.width = this.canvas.height = SIDE;
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.#listen();
    this.#redraw();
  }

  clear() {
    this.strokes = [];
    this.#redraw();
    this.onDraw(true);
  }

  undo() {
    this.strokes.pop();
    this.#redraw();
    this.onDraw(true);
  }

  #listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || this.#pointer !== null) return;
      canvas.setPointerCapture(event.pointerId);
      this.#pointer = event.pointerId;
      this.strokes.push([]);
      this.#add(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (event.pointerId !== this.#pointer) return;
      const fine = event.getCoalescedEvents?.() ?? [];
      for (const point of fine.length ? fine : [event]) this.#add(point);
    });
    for (const name of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(name, (event) => {
        if (event.pointerId !== this.#pointer) return;
        this.#pointer = null;
        this.onDraw(true);
      });
    }
    canvas.addEventListener("keydown", (event) => {
      if (event.key !== "Backspace" && event.key !== "Delete") return;
      event.preventDefault();
      event.stopPropagation();
      this.undo();
    });
  }

  #add(event) {
    const box = this.canvas.getBoundingClientRect();
    const point = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height]
      .map((value) => Math.max(0, Math.min(1, value)));
    const stroke = this.strokes.at(-1);
    this.#line(stroke.at(-1) ?? point, point);
    stroke.push(point);
    this.onDraw(false);
  }

  #redraw() {
    // Dark ink on light paper, which the style sheet turns round to match the images.
    const paper = this.context.createImageData(SIDE, SIDE);
    paper.data.fill(255);
    this.context.putImageData(paper, 0, 0);
    for (const stroke of this.strokes) {
      stroke.forEach((point, i) => this.#line(stroke[Math.max(0, i - 1)], point));
    }
  }

  #line(from, to) {
    const { context } = this;
    context.lineWidth = PEN * SIDE;
    context.lineCap = "round";
    context.beginPath();
    context.moveTo(from[0] * SIDE, from[1] * SIDE);
    context.lineTo(to[0] * SIDE, to[1] * SIDE + 0.01);
    context.stroke();
  }
}
