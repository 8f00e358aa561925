// The sum as bars, one under the other: each begins where the one above it ended.

import { make, setText } from "../run/dom.js";
import { iconElement } from "../run/marks.js";
import { ENDLESS, isEndless, PER_NAT, signed } from "./notation.js";

const UP = "M12 4l7 8h-4v8H9v-8H5z";
const AWAY = "M6 4.6L12 10.6 18 4.6 19.4 6 13.4 12 19.4 18 18 19.4 12 13.4 6 19.4 4.6 18 10.6 12 4.6 6z";
const SETTLE_MS = 450; // after the last key that moves a handle

/**
 * The bars. `act` has `move(name, nats)` while a handle is dragged, `rest(name, nats)` when it is
 * let go, `raise(number)` and `remove(number)`. Names are "prior" and "weight".
 */
export class Bars {
  #rows = [];
  #range = [-1, 1];
  #raised = null; // where the line stands that has just been moved up
  #held = null; // the handle that is being moved

  constructor(act) {
    this.act = act;
    this.element = make("ol", "bars", { "aria-label": "Prior, evidence and posterior" });
  }

  get isHeld() {
    return this.#held !== null;
  }

  /** Show a sum: `prior`, `lines` with label, weight and total, `posterior`, `unit`. */
  show({ prior, lines, posterior, unit, single }) {
    const rows = [
      { label: "Prior", from: 0, to: prior, weight: prior, handle: "prior" },
      ...lines.map((line, number) => ({
        label: number === lines.length - 1 && line.label !== "X" ? `X: ${line.label}` : line.label,
        from: number ? lines[number - 1].total : prior,
        to: line.total,
        weight: line.weight,
        number,
        handle: number === lines.length - 1 && single ? "weight" : null,
      })),
      { label: "Posterior", from: 0, to: posterior, weight: posterior, isSum: true },
    ];
    if (!this.isHeld) this.#range = rangeOf(rows);
    if (rows.length !== this.#rows.length) this.#build(rows.length);
    rows.forEach((row, place) => this.#draw(this.#rows[place], row, lines.length, unit, single));
    this.element.style.setProperty("--zero", share(0, this.#range));
    this.#followRaised();
  }

  // The keyboard goes with the line that it has moved.
  #followRaised() {
    const row = this.#raised === null ? null : this.#rows[this.#raised + 1];
    this.#raised = null;
    if (row) (row.up.hidden ? row.away : row.up).focus({ preventScroll: true });
  }

  /** Let one of the bars stand out, or none. */
  mark(place) {
    this.#rows.forEach(({ element }, i) => element.classList.toggle("current", i === place));
  }

  #build(count) {
    this.#rows = Array.from({ length: count }, () => this.#row());
    this.element.replaceChildren(...this.#rows.map((row) => row.element));
  }

  #row() {
    const row = { label: make("span", "label"), value: make("span", "value") };
    row.bar = make("i", "bar", { "aria-hidden": "true" });
    row.handle = make("span", "handle", { role: "slider", tabindex: "0" });
    row.track = make("span", "track", {}, row.bar, row.handle);
    row.up = button("Move one place up", UP, () => {
      this.#raised = row.number - 1;
      this.act.raise(row.number);
    });
    row.away = button("Take it out", AWAY, () => this.act.remove(row.number));
    row.buttons = make("span", "buttons", {}, row.up, row.away);
    row.element = make("li", "", {}, row.label, row.track, row.value, row.buttons);
    this.#connect(row);
    return row;
  }

  #draw(row, { label, from, to, weight, number, handle, isSum }, count, unit, single) {
    Object.assign(row, { number, name: handle, from: clamp(from), unit, factor: single || 1 });
    setText(row.label, label);
    setText(row.value, signed(weight ?? NaN, unit));
    row.element.classList.toggle("sum", Boolean(isSum));
    row.element.classList.toggle("against", weight < 0);
    const isLine = number !== undefined;
    row.up.setAttribute("aria-label", `${label}: move one place up`);
    row.away.setAttribute("aria-label", `${label}: take it out`);
    row.buttons.hidden = !isLine;
    row.up.hidden = !(number > 0);
    row.away.hidden = count < 2;
    const isKnown = Number.isFinite(weight) && Number.isFinite(from ?? NaN);
    row.bar.hidden = !isKnown;
    const start = share(clamp(from ?? 0), this.#range);
    const end = share(clamp(to ?? (from ?? 0) + (weight ?? 0)), this.#range);
    row.bar.style.left = `${100 * Math.min(start, end)}%`;
    row.bar.style.width = `${100 * Math.abs(end - start)}%`;
    row.bar.classList.toggle("endless", isEndless(weight ?? 0));
    row.handle.hidden = !handle || !isKnown;
    row.handle.style.left = `${100 * end}%`;
    if (!handle) return;
    const nats = handle === "weight" ? weight / row.factor : weight;
    row.nats = clamp(nats);
    const said = handle === "prior" ? "Prior log-odds of P" : `Weight of ${label}`;
    row.handle.setAttribute("aria-label", said);
    const [low, high] = this.#range.map((end) => (end * PER_NAT[unit]).toFixed(3));
    row.handle.setAttribute("aria-valuemin", low);
    row.handle.setAttribute("aria-valuemax", high);
    row.handle.setAttribute("aria-valuenow", (row.nats * PER_NAT[unit]).toFixed(3));
    row.handle.setAttribute("aria-valuetext", signed(nats, unit));
  }

  #connect(row) {
    const { handle, track } = row;
    let timer = 0;
    const valueAt = (event) => {
      const box = track.getBoundingClientRect();
      const [low, high] = this.#range;
      const place = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
      return stepped(low + place * (high - low) - row.from, row.unit) / row.factor;
    };
    const move = (nats) => this.act.move(row.name, nats);
    const rest = (nats) => {
      this.#held = null;
      this.act.rest(row.name, nats);
    };
    handle.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      event.preventDefault();
      handle.setPointerCapture(event.pointerId);
      handle.focus({ preventScroll: true });
      clearTimeout(timer);
      this.#held = row;
    });
    handle.addEventListener("pointermove", (event) => {
      if (this.#held === row && handle.hasPointerCapture(event.pointerId)) move(valueAt(event));
    });
    handle.addEventListener("pointerup", (event) => this.#held === row && rest(valueAt(event)));
    handle.addEventListener("pointercancel", () => this.#held === row && rest(row.nats));
    handle.addEventListener("keydown", (event) => {
      const small = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[event.key];
      const large = { PageUp: 10, PageDown: -10 }[event.key];
      if (!(small ?? large) || event.altKey || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      event.stopPropagation();
      clearTimeout(timer);
      this.#held = row;
      const size = (small ?? large) * (event.shiftKey ? 10 : 1) * 0.1;
      move(stepped(row.nats * row.factor + size / PER_NAT[row.unit], row.unit) / row.factor);
      timer = setTimeout(() => rest(row.nats), SETTLE_MS);
    });
  }
}

function button(label, shape, onClick) {
  const element = make("button", "icon-button", { type: "button", title: label, "aria-label": label });
  element.append(iconElement(document, shape));
  element.addEventListener("click", onClick);
  return element;
}

// A tenth of a unit is what a hand can aim at.
function stepped(nats, unit) {
  return Math.round(nats * PER_NAT[unit] * 10) / (10 * PER_NAT[unit]);
}

function clamp(nats) {
  return Math.max(-ENDLESS, Math.min(ENDLESS, nats));
}

function share(nats, [low, high]) {
  return Math.min(1, Math.max(0, (nats - low) / (high - low)));
}

// Zero and every finite end, with room for a hand beyond them.
function rangeOf(rows) {
  const ends = rows.flatMap(({ from, to }) => [from, to]).filter((x) => Number.isFinite(x) && !isEndless(x));
  const low = Math.min(0, ...ends);
  const high = Math.max(0, ...ends);
  const margin = Math.max(1, 0.12 * (high - low));
  const isOpen = (sign) => rows.some(({ to }) => isEndless(to ?? 0) && Math.sign(to) === sign);
  return [low - margin * (isOpen(-1) ? 3 : 1), high + margin * (isOpen(1) ? 3 : 1)];
}
