// The belief gauge: a needle on a scale of log-odds, pushed by the same angle for the same evidence.

import { setText } from "../run/dom.js";
import { MARKS } from "../run/marks.js";
import { isEndless, PER_NAT, probability, signed } from "./notation.js";

const WIDTH = 400;
const HEIGHT = 206;
const [X, Y, RADIUS] = [200, 176, 148];
const EVEN_DB = 30; // up to here equal evidence is an equal angle
const EVEN_DEGREES = 76;
const TICKS = [-30, -20, -13, -10, 0, 10, 13, 20, 30];
const NAMED = { "-30": "1:1000", "-20": "1:100", "-10": "1:10", 0: "1:1", 10: "10:1", 20: "100:1", 30: "1000:1" };

/** Where the needle stands, in degrees from upright: to the right for P, at 90 when it is certain. */
export function angle(nats) {
  if (isEndless(nats)) return 90 * Math.sign(nats);
  const decibans = nats * PER_NAT.dB;
  const size = Math.abs(decibans);
  if (size <= EVEN_DB) return (EVEN_DEGREES * decibans) / EVEN_DB;
  return Math.sign(decibans) * (90 - ((90 - EVEN_DEGREES) * EVEN_DB) / size);
}

export class Gauge {
  constructor() {
    this.element = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "gauge", role: "img" });
    this.element.append(arc("side dream-line", -90, 0), arc("side real-line", 0, 90));
    for (const decibans of TICKS) this.element.append(...tick(decibans));
    this.element.append(letter("Q", "dream", "square", 36), letter("P", "real", "circle", WIDTH - 36));
    this.ghost = svg("path", { class: "ghost", d: `M0 -${RADIUS - 22}L0 -40` });
    this.needle = svg("path", { class: "needle", d: `M0 -${RADIUS - 4}L5 6A6 6 0 0 1 -5 6Z` });
    for (const hand of [this.ghost, this.needle]) {
      const place = svg("g", { transform: `translate(${X} ${Y})` });
      place.append(hand);
      this.element.append(place);
    }
  }

  /** Point at a belief; the ghost stays where the belief began. */
  point(prior, belief, unit) {
    const isKnown = Number.isFinite(belief);
    this.element.classList.toggle("unknown", !isKnown);
    this.ghost.style.transform = `rotate(${angle(Number.isFinite(prior) ? prior : 0)}deg)`;
    this.needle.style.transform = `rotate(${angle(isKnown ? belief : 0)}deg)`;
    const said = isKnown
      ? `Belief gauge. P has the probability ${probability(belief)}, which is ${signed(belief, unit)}; ` +
        `before it was ${probability(prior)}.`
      : "Belief gauge. There is no belief to show.";
    this.element.setAttribute("aria-label", said);
  }
}

function tick(decibans) {
  const turn = (angle((decibans * Math.LN10) / 10) * Math.PI) / 180;
  const [dx, dy] = [Math.sin(turn), -Math.cos(turn)];
  const name = NAMED[decibans];
  const length = name ? 12 : 7;
  const at = (radius) => `${(X + radius * dx).toFixed(1)} ${(Y + radius * dy).toFixed(1)}`;
  const line = svg("path", { class: "tick", d: `M${at(RADIUS)}L${at(RADIUS - length)}` });
  if (!name) return [line];
  const text = svg("text", { class: "odds", x: X + (RADIUS + 12) * dx, y: Y + (RADIUS + 12) * dy + 4 });
  text.setAttribute("text-anchor", Math.abs(dx) < 0.3 ? "middle" : dx > 0 ? "start" : "end");
  setText(text, name);
  return [line, text];
}

function letter(name, meaning, mark, x) {
  const group = svg("g", { class: `${meaning}-text`, transform: `translate(${x} ${Y + 22})` });
  const sign = svg("path", { d: MARKS[mark], transform: "translate(-12 -6) scale(6)", fill: "currentColor" });
  const text = svg("text", { class: "letter", x: 0, y: 0, fill: "currentColor" });
  setText(text, name);
  group.append(sign, text);
  return group;
}

function arc(className, from, to) {
  const at = (degrees) => {
    const turn = (degrees * Math.PI) / 180;
    return `${X + RADIUS * Math.sin(turn)} ${Y - RADIUS * Math.cos(turn)}`;
  };
  return svg("path", { class: className, d: `M${at(from)}A${RADIUS} ${RADIUS} 0 0 1 ${at(to)}` });
}

/** An element of a drawing. */
export function svg(tag, attributes) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}
