// One picture with its numbers over it; dimensions, a radius and a place follow the hand at once.

import { probability, raised } from "../belief/notation.js";
import { make } from "../run/dom.js";
import { fixed, whole } from "../run/format.js";
import { SceneView } from "../scene/view.js";
import { drawPairs, drawSamples } from "./cloud.js";
import { drawDimension, drawGallery, drawHaystack } from "./images.js";
import * as law from "./law.js";
import { drawShell, drawWithin } from "./radial.js";
import { DIMENSIONS, ODDS, Slider } from "./sliders.js";
import { drawBetween } from "./ways.js";

const DRAW = { shell: drawShell, samples: drawSamples, pairs: drawPairs, within: drawWithin, between: drawBetween, haystack: drawHaystack, gallery: drawGallery, dimension: drawDimension };
const KEYS = {
  within: "Arrow keys left and right move the boundary, with Shift in larger steps",
  between: "Arrow keys left and right move along both ways",
};
const SETTLE_MS = 450; // after the last key on a slider

const plusMinus = (mean, std) => `${fixed(mean, 3)} ± ${fixed(std, 3)}`;

/** A length with six digits, as Python writes it. */
function length(value) {
  if (value >= 1e-4) return String(Number(value.toPrecision(6)));
  const [digits, power] = value.toExponential(5).split("e");
  return `${Number(digits)}·${raised(Number(power))}`;
}

/** One component on a page. */
export class View extends SceneView {
  #timer = 0;

  constructor(parent) {
    super(parent, "shells");
    const onRest = (isKey) => {
      clearTimeout(this.#timer);
      if (isKey) this.#timer = setTimeout(() => this.rest(), SETTLE_MS);
      else this.rest();
    };
    const slider = (name, scale, onMove) => new Slider(name, scale, { onRest, onMove: (value) => this.#slide(onMove(value)) });
    this.dimensions = slider("dimensions d", DIMENSIONS, (d) => ({ d }));
    this.mass = slider("mass inside", ODDS, (odds) => this.#withMass(odds));
    this.sliders = make("div", "sliders", {}, this.dimensions.element, this.mass.element);
    this.canvas.before(this.sliders);
  }

  destroy() {
    clearTimeout(this.#timer);
    super.destroy();
  }

  keys() {
    return KEYS[this.scene.kind] ?? null;
  }

  draw(context) {
    const { theme, surface, scene, isAsked } = this;
    this.#showSliders();
    return DRAW[scene.kind](context, theme, surface, scene, isAsked);
  }

  // Exact as Python's numbers are, by the same mathematics; what was drawn has still to come.
  estimates() {
    const { kind, d, numbers } = this.scene;
    this.root.dataset.d = String(d);
    if (kind === "shell") {
      const [low, high] = law.interval(d);
      return said(numbers, [plusMinus(law.mean(d), law.std(d)), `${fixed(low, 2)} to ${fixed(high, 2)}`, `+${d / 2} ${d === 2 ? "nat" : "nats"}`]);
    }
    if (kind === "within") {
      const odds = this.#odds();
      return said(numbers, [length(this.scene.reach), probability(odds), probability(-odds)]);
    }
    if (kind === "between" && d === this.scene.of) return said(numbers, this.#along());
    if (kind === "samples") return [{ ...numbers[0], text: "on release" }, { ...numbers[1], text: plusMinus(law.mean(d), law.std(d)) }];
    if (kind === "pairs") return said(numbers, ["on release", "on release", fixed(Math.sqrt(2 * d), 3)]);
    return numbers.map((each) => ({ ...each, text: "on release" }));
  }

  said(numbers) {
    const { kind, d, alt, isLog } = this.scene;
    if (alt) return alt;
    const told = numbers.map(({ label, text }) => `${label}: ${text}`).join(", ");
    const pictures = {
      shell: `Along the radius, each relative to its highest${isLog ? ", in nats" : ""}: the density falls from the middle, the volume element rises as r to the power of ${d - 1}, and their product, the mass, is highest at ${fixed(law.mode(d), 2)}.`,
      samples: `Left, the first two coordinates of 1,000 draws, a blob around zero. Right, a histogram of their radii under the exact law.`,
      pairs: `Left, a histogram of angles between draws around 90 degrees. Right, one of their distances over the root of 2d, around 1. Both with the exact law.`,
      within: `The law of the radius, with the part inside filled.`,
      between: `Radius along the straight way between two draws, which sags, ${this.scene.hasSphere ? "and along the sphere, which does not, " : ""}over the band that 95 per cent of draws lie in.${this.scene.tiles ? " Below, what a decoder makes of eleven places on each." : ""}`,
    };
    return `${pictures[kind]} In ${whole(d)} ${d === 1 ? "dimension" : "dimensions"}. ${told}.`;
  }

  // -- Hands -----------------------------------------------------------------------------------

  grip() {
    return KEYS[this.scene.kind] ? { name: this.scene.kind } : null;
  }

  follow(event) {
    const value = this.axes.xAxis.value(event.offsetX);
    if (this.scene.kind === "between") this.#place(value);
    else this.#reach(this.scene.key === "radius" ? value : Math.abs(value - Math.sqrt(this.scene.d)));
  }

  press(way, event) {
    if (!way[0]) return false;
    const size = way[0] * (event.shiftKey ? 5 : 1);
    if (this.scene.kind === "between") this.#place(this.scene.place + size * this.scene.step);
    else this.#reach(this.scene.reach * 1.02 ** size);
    return true;
  }

  moved() {
    const { kind, d, key, reach, place, isFixed } = this.scene;
    const dimensions = isFixed ? {} : { d };
    if (kind === "within") return { d, [key]: reach };
    if (kind === "between") return { ...dimensions, place };
    return dimensions;
  }

  #slide(changed) {
    this.isMoving = true;
    clearTimeout(this.#timer);
    this.show(changed);
  }

  #reach(value) {
    this.show({ reach: Math.max(1e-300, Math.min(1e6, value)) });
  }

  #place(value) {
    const { step } = this.scene;
    const place = Math.round(Math.max(0, Math.min(1, value)) / step) * step;
    this.show({ place: Number(place.toFixed(6)) });
  }

  #mass(reach) {
    const { d, key } = this.scene;
    return key === "radius" ? law.withinRadius(reach, d) : law.withinShell(reach, d);
  }

  #odds() {
    return law.logOdds(this.#mass(this.scene.reach));
  }

  #withMass(odds) {
    const { d, key } = this.scene;
    const start = key === "radius" ? Math.sqrt(d) : 1;
    return { reach: law.lengthOf((reach) => this.#mass(reach), odds, start) ?? 1e-300 };
  }

  #along() {
    const { straight, spherical, hasSphere, place, step, mean, std } = this.scene;
    const i = Math.round(place / step);
    return [fixed(straight[i], 3), hasSphere ? fixed(spherical[i], 3) : "none", `${fixed((straight[i] - mean) / std, 1)} sd`];
  }

  #showSliders() {
    const { kind, d, isFixed } = this.scene;
    const hasMass = kind === "within";
    this.dimensions.element.hidden = d === undefined || Boolean(isFixed);
    this.mass.element.hidden = !hasMass;
    this.sliders.hidden = this.dimensions.element.hidden;
    if (d !== undefined) this.dimensions.show(d, whole(d));
    if (!hasMass) return;
    const odds = this.#odds();
    this.mass.show(odds, probability(odds));
  }
}

function said(numbers, texts) {
  return numbers.map((each, i) => ({ ...each, text: texts[i] }));
}
