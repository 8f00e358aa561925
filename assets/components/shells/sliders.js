// Sliders over a picture: dimensions on a logarithmic scale, and a mass down to 1e-300.

import { make, setText } from "../run/dom.js";

const FINE = 2000; // places along a slider
const MOST_D = 10000;
const DEEPEST = 300; // powers of ten

const clamp = (value, low, high) => Math.max(low, Math.min(high, value));

/** Dimensions along a slider: from 1 to 10,000, every factor of ten as long as the next. */
export const DIMENSIONS = {
  at: (d) => Math.log10(d) / 4,
  value: (share) => clamp(Math.round(10 ** (4 * share)), 1, MOST_D),
  step: (d, way) => clamp(way > 0 ? Math.max(d + 1, Math.round(1.05 * d)) : Math.min(d - 1, Math.round(d / 1.05)), 1, MOST_D),
};

const SPAN = Math.log10(DEEPEST / Math.log10(2)); // factors of ten from the deepest to a half

/**
 * Log-odds of a mass along a slider. From the left the logarithm of the mass shrinks from -300 powers
 * of ten to that of a half, evenly by factors; the right half mirrors it, with what is missing from one.
 */
export const ODDS = {
  at: (odds) => {
    const size = Math.abs(odds);
    const tens = (size + Math.log1p(Math.exp(-size))) / Math.LN10;
    const half = clamp(Math.log10(DEEPEST / tens) / SPAN, 0, 1) / 2;
    return odds < 0 ? half : 1 - half;
  },
  value: (share) => {
    const log = -DEEPEST * 10 ** (-2 * Math.min(share, 1 - share) * SPAN) * Math.LN10;
    const size = Math.log(-Math.expm1(log)) - log;
    return share < 0.5 ? -size : size;
  },
  step: (odds, way) => ODDS.value(clamp(ODDS.at(odds) + way / 200, 0, 1)),
};

/** One slider with its name before it and its value behind it. */
export class Slider {
  constructor(name, scale, { onMove, onRest }) {
    this.scale = scale;
    this.words = make("span", "sliderName", {}, name);
    this.input = make("input", "", { type: "range", min: "0", max: String(FINE), step: "1", "aria-label": name });
    this.output = make("span", "sliderValue");
    this.element = make("label", "slider", {}, this.words, this.input, this.output);
    const { input } = this;
    input.addEventListener("input", () => onMove(scale.value(Number(input.value) / FINE)));
    input.addEventListener("change", () => onRest());
    input.addEventListener("keydown", (event) => {
      const way = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      if (!way || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      onMove(scale.step(this.current, way));
      onRest(true);
    });
  }

  /** Stand at a value, and say it. */
  show(value, text) {
    this.current = value;
    // Where the hand has put it stays where it is, though the number has been rounded.
    if (this.scale.value(Number(this.input.value) / FINE) !== value) {
      const place = String(Math.round(FINE * clamp(this.scale.at(value), 0, 1)));
      if (this.input.value !== place) this.input.value = place;
    }
    setText(this.output, text);
    if (this.input.getAttribute("aria-valuetext") !== text) this.input.setAttribute("aria-valuetext", text);
  }
}
