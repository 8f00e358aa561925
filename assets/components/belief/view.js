// The gauge, the equation under it, and the bars; what a hand moves, all of them follow at once.

import { make, setText } from "../run/dom.js";
import { applyTheme, readTheme, watchTheme } from "../run/theme.js";
import { Bars } from "./bars.js";
import { Gauge } from "./gauge.js";
import { ENDLESS, isEndless, probability, signed } from "./notation.js";

const PLAY_MS = 900; // from one observation to the next

/** One component on a page. */
export class View {
  #component = null;
  #sum = null; // what is shown: prior, lines, posterior, unit, single
  #timer = 0;

  constructor(parent) {
    this.gauge = new Gauge();
    this.bars = new Bars({
      move: (name, nats) => this.#move(name, nats),
      rest: (name, nats) => this.#tell({ [name]: nats }),
      raise: (number) => this.#tell({ raise: number }),
      remove: (number) => this.#tell({ remove: number }),
    });
    this.chance = make("output", "chance real-text");
    this.terms = Object.fromEntries(["prior", "evidence", "posterior"].map((name) => [name, term(name)]));
    const { prior, evidence, posterior } = this.terms;
    const sign = (text) => make("span", "sign", { "aria-hidden": "true" }, text);
    this.equation = make("p", "equation", {}, prior.element, sign("+"), evidence.element, sign("="), posterior.element);
    this.play = make("button", "small", { type: "button" }, "Replay");
    this.play.addEventListener("click", () => this.#replay());
    this.probe = make("i", "probe", { "aria-hidden": "true" });
    const reading = make("div", "reading", {}, make("p", "name", {}, "Probability of P"), this.chance, this.play);
    const top = make("div", "top", {}, this.gauge.element, reading);
    this.root = make("div", "run belief", {}, this.probe, top, this.equation, this.bars.element);
    parent.querySelector(".reserved")?.remove();
    parent.append(this.root);
    this.unwatch = watchTheme(this.probe, () => this.#readTheme());
  }

  /** Take what Python says. */
  update(component) {
    this.#component = component;
    const { data } = component;
    this.#sum = {
      prior: data.prior ?? NaN,
      lines: data.lines,
      posterior: data.posterior ?? NaN,
      unit: data.unit,
      single: data.times,
    };
    this.#readTheme();
    this.#stop();
    this.#draw();
  }

  destroy() {
    this.#stop();
    this.unwatch();
    this.root.remove();
  }

  #readTheme() {
    applyTheme(this.root, readTheme(this.root, this.#component.data.colours));
  }

  #draw() {
    const { prior, lines, posterior, unit } = this.#sum;
    this.gauge.point(prior, posterior, unit);
    setText(this.chance, probability(posterior));
    setText(this.terms.prior.value, signed(prior, unit));
    setText(this.terms.evidence.value, signed(evidenceOf(lines), unit));
    setText(this.terms.posterior.value, signed(posterior, unit));
    this.bars.show(this.#sum);
    this.play.hidden = lines.length === 0;
  }

  // While a handle moves, the sum is added up here; when it rests, Python does it again.
  #move(name, nats) {
    const { data } = this.#component;
    const lines = this.#sum.lines.map((line) => ({ ...line }));
    if (name === "weight" && lines.length) lines.at(-1).weight = nats * data.times;
    const prior = name === "prior" ? nats : this.#sum.prior;
    let total = prior;
    for (const line of lines) {
      total = added(total, line.weight);
      line.total = total;
    }
    this.#sum = { ...this.#sum, prior, lines, posterior: total };
    this.root.classList.add("moving");
    this.#stop();
    this.#draw();
  }

  #tell(what) {
    this.root.classList.remove("moving");
    this.#component.setTriggerValue("moved", what);
  }

  // The needle goes from the prior through every total, one observation after the other.
  #replay() {
    this.#stop();
    const { prior, lines, unit } = this.#sum;
    const totals = [prior, ...lines.map(({ total }) => total ?? NaN)];
    let place = 0;
    const step = () => {
      this.gauge.point(prior, totals[place], unit);
      setText(this.chance, probability(totals[place]));
      this.bars.mark(place);
      place += 1;
      if (place < totals.length) this.#timer = setTimeout(step, PLAY_MS);
      else this.#timer = setTimeout(() => this.#stop(), PLAY_MS);
    };
    step();
  }

  #stop() {
    clearTimeout(this.#timer);
    this.bars.mark(-1);
  }
}

function term(name) {
  const value = make("span", "value");
  const element = make("span", `term ${name}`, {}, make("span", "name", {}, name), value);
  return { element, value };
}

function evidenceOf(lines) {
  return lines.length ? lines.reduce((sum, { weight }) => added(sum, weight), 0) : NaN;
}

// Certainty stays, and certainty against certainty is no number.
function added(one, other) {
  if (!Number.isFinite(one) || !Number.isFinite(other)) return NaN;
  if (isEndless(one) && isEndless(other) && one !== other) return NaN;
  return Math.max(-ENDLESS, Math.min(ENDLESS, isEndless(one) ? one : one + other));
}
