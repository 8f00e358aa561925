// One picture with its numbers over it; tables and a point follow the hand at once.

import { signed } from "../belief/notation.js";
import { SceneView } from "../scene/view.js";
import { columns, divergence, drawProof } from "./proof.js";
import { drawPaths, drawSplit, drawTail } from "./sums.js";
import { FAMILIES, drawSurface } from "./surface.js";

const STILL = { split: drawSplit, tail: drawTail, paths: drawPaths };
const STEP = 0.01;
const KEYS = {
  proof: "Arrow keys left and right choose a bar, up and down change it; the others make room",
  surface: "Arrow keys move the mark, with Shift in larger steps",
};

/** One component on a page. */
export class View extends SceneView {
  constructor(parent) {
    super(parent, "properties");
  }

  keys() {
    return KEYS[this.scene.kind] ?? null;
  }

  draw(context) {
    const { theme, surface, scene } = this;
    if (scene.kind === "proof") return drawProof(context, theme, surface, scene, this.held);
    if (scene.kind === "surface") return drawSurface(context, theme, surface, scene, this.isMoving);
    return STILL[scene.kind](context, theme, surface, scene);
  }

  // As good as a picture, and marked as such.
  estimates() {
    const { kind, p, q, family, place, unit, numbers } = this.scene;
    const kl = kind === "proof" ? divergence(p, q) : FAMILIES[family](...place);
    this.root.dataset.kl = String(kl);
    const text = Number.isFinite(kl) ? `≈ ${signed(kl, unit, 4).replace("+", "")}` : "infinite";
    return [{ ...numbers[0], text }];
  }

  said(numbers) {
    const { kind, p, q, names, place, alt } = this.scene;
    const told = numbers.map(({ label, text }) => `${label}: ${text}`).join(", ");
    const list = (row) => row.map((value) => String(Number(value.toFixed(3)))).join(", ");
    if (kind === "proof") {
      return `Bars of P, ${list(p)}, and of Q, ${list(q)}; the line x − 1 above log x, with the gap at each ratio q over p. ${told}.`;
    }
    if (kind === "surface") return `KL over ${names.join(" and ")}; the mark is at ${list(place)}. ${told}.`;
    return alt;
  }

  // -- Hands -----------------------------------------------------------------------------------

  // What a press takes hold of: a bar by its column, the mark from wherever in the plane; or null.
  grip(event) {
    const { kind, p } = this.scene;
    if (kind === "surface") return { name: "place", place: 0 };
    if (kind !== "proof") return null;
    const { plot } = this.axes;
    if (event.offsetY < plot.top - 8 || event.offsetY > plot.bottom + 8) return null;
    const places = columns(plot, p.length);
    for (const name of ["p", "q"]) {
      const place = places.findIndex((each) => event.offsetX >= each[name][0] && event.offsetX < each[name][1]);
      if (place >= 0) return { name, place };
    }
    return null;
  }

  follow(event) {
    const { xAxis, yAxis } = this.axes;
    if (this.scene.kind === "surface") this.#moveTo(xAxis.value(event.offsetX), yAxis.value(event.offsetY));
    else this.#setBar(yAxis.value(event.offsetY));
  }

  press(way, event) {
    const { kind, place, steps } = this.scene;
    if (kind === "surface") {
      const size = event.shiftKey ? 10 : 1;
      this.#moveTo(place[0] + size * way[0] * steps[0], place[1] + size * way[1] * steps[1]);
      return true;
    }
    if (way[0] || !this.held) this.#choose(way[0]);
    if (way[0]) return false;
    this.#setBar(this.scene[this.held.name][this.held.place] + way[1] * STEP);
    return true;
  }

  moved() {
    const { kind, p, q, keys, place } = this.scene;
    return kind === "proof" ? { p, q } : { [keys[0]]: place[0], [keys[1]]: place[1] };
  }

  // The next bar in the order in which they stand.
  #choose(by) {
    const count = 2 * this.scene.p.length;
    const now = this.held ? 2 * this.held.place + (this.held.name === "q" ? 1 : 0) : by < 0 ? 0 : -1;
    const next = (now + (by || 1) + count) % count;
    this.held = { name: next % 2 ? "q" : "p", place: Math.floor(next / 2) };
    this.redraw();
  }

  #moveTo(x, y) {
    const { ranges, steps } = this.scene;
    const place = [x, y].map((value, i) => {
      const [low, high] = ranges[i];
      const marked = low + Math.round((Math.max(low, Math.min(high, value)) - low) / steps[i]) * steps[i];
      return Number(Math.max(low, Math.min(high, marked)).toFixed(6));
    });
    this.show({ place });
  }

  // One bar as high as the hand; the others make room in proportion, for all sum up to one.
  #setBar(value) {
    const { name, place } = this.held;
    const row = this.scene[name];
    const chance = Math.max(0, Math.min(1, value));
    const rest = 1 - row[place];
    const scaled = row.map((each, i) => {
      if (i === place) return chance;
      return rest > 1e-9 ? (each * (1 - chance)) / rest : (1 - chance) / (row.length - 1);
    });
    this.show({ [name]: scaled });
  }
}
