// The numbers under the charts: an equation that adds up, and how the training goes.

import { holdWidth, make, setSteadyText, setText } from "./dom.js";
import {
  UNKNOWN,
  duration,
  equation,
  fixed,
  setting,
  throughput,
  totalError,
  uncertainty,
  whole,
} from "./format.js";

const WINDOW_S = 1.5; // images a second are counted over so much time
const PAUSE_S = 5; // a longer gap between reports is no training time
const LOST_MS = 1200;
const SILENCE_MS = 1500; // after which a run that says why is taken to be held up
const STATES = {
  none: "No run yet",
  unheard: "Connecting",
  queued: "Queued",
  running: "Running",
  measuring: "Measuring",
  heldUp: "Held up",
  paused: "Paused",
  stopped: "Stopped",
  done: "Done",
  failed: "Failed",
};

/** D + beta × R = total, each with its name, its value and its standard error. */
export class Equation {
  constructor() {
    this.terms = {};
    this.element = make("div", "equation", { role: "group", "aria-label": "Held-out objective" });
    this.#term("distortion", "D, distortion");
    this.#sign("+");
    this.#term("beta", "β");
    this.#sign("×");
    this.#term("rate", "R, rate");
    this.#sign("=");
    this.#term("total", "D + βR, held out");
    this.terms.total.value.after(make("span", "unit", {}, "nats"));
  }

  #term(name, words) {
    const label = make("span", "name", {}, words);
    const value = make("span", "value", {}, UNKNOWN);
    const error = make("span", "error");
    const line = make("span", "line", {}, value, ...(name === "beta" ? [] : [error]));
    this.terms[name] = { line, value, error };
    this.element.append(make("span", `term ${name}`, {}, label, line));
  }

  #sign(sign) {
    const lines = [make("span", "name"), make("span", "line", {}, make("span", "value", {}, sign))];
    this.element.append(make("span", "term sign", {}, ...lines));
  }

  update({ history, member, row, beta }) {
    const table = history.heldOut;
    const at = (name) => table.value(name, row, member);
    const shown = equation(at("distortion"), at("rate"), row < 0 ? NaN : beta);
    for (const name of ["distortion", "beta", "rate", "total"]) {
      setText(this.terms[name].value, shown[name]);
    }
    if (row < 0 && Number.isFinite(beta)) setText(this.terms.beta.value, setting(beta));
    const errors = ["distortion_se", "rate_se", "neg_elbo_se"].map(at);
    const error = (name, value) => {
      setText(this.terms[name].error, Number.isFinite(value) ? `± ${uncertainty(value)}` : "");
    };
    error("distortion", errors[0]);
    error("rate", errors[1]);
    error("total", totalError(...errors, beta));
    for (const { line, value, error: side } of Object.values(this.terms)) {
      holdWidth(line, `${value.textContent.length} ${side.textContent.length}`);
    }
  }
}

/** One line of facts: state, step, epoch, speed, device, time. Unknown ones are left out. */
export class Facts {
  constructor() {
    this.element = make("div", "facts");
    this.items = {};
    for (const name of ["state", "step", "epoch", "speed", "device", "time"]) {
      this.items[name] = make("span", `fact ${name}`);
      this.element.append(this.items[name]);
    }
    this.connection = make("span", "fact connection", { role: "status" });
    this.element.append(this.connection);
  }

  /** Say how the run stands, or that there is none. */
  update(scene, run) {
    const { history, step, total } = scene;
    const { config, machine, message, queue } = run?.record ?? {};
    const isTrained = total !== null && history.lastStep >= total;
    const now = run ? (run.state ?? "unheard") : "none";
    // Such as by the loss of its worker; what is said of that may stay for a while longer.
    const isHeldUp = now === "running" && Boolean(message) && performance.now() - run.heardAt > SILENCE_MS;
    const state = isHeldUp ? "heldUp" : now === "running" && isTrained ? "measuring" : now;
    const here = Math.max(0, Math.round(step));
    const shown = {
      state: stateWords(state, queue),
      step: step < 0 ? "" : `step ${whole(here)}${total === null ? "" : ` of ${whole(total)}`}`,
      epoch: epochWords(here, step, run?.stepsPerEpoch),
      speed: isHeldUp ? "" : speedWords(history.training, step, config?.batch_size),
      device: deviceWords(config, machine),
      time: timeWords(history.training, total, state),
    };
    this.items.device.title = machine?.name ?? "";
    for (const [name, text] of Object.entries(shown)) {
      this.items[name].hidden = !text;
      setSteadyText(this.items[name], text);
    }
  }

  /** Say that the connection is lost, once that has lasted; most are back before. */
  setLost(isLost) {
    clearTimeout(this.timer);
    const say = () => setText(this.connection, isLost ? "connection lost, trying again" : "");
    if (isLost) this.timer = setTimeout(say, LOST_MS);
    else say();
  }
}

function stateWords(state, queue) {
  if (state === "queued" && queue > 0) return queue === 1 ? "Queued, next" : `Queued, place ${whole(queue)}`;
  return STATES[state] ?? "";
}

function epochWords(here, step, stepsPerEpoch) {
  if (!stepsPerEpoch || step < 0) return "";
  const epochs = here / stepsPerEpoch;
  return `epoch ${epochs < 100 ? fixed(epochs, 1) : whole(Math.floor(epochs))}`;
}

/** Steps a second over the last while before a step; NaN where two reports are not known. */
export function stepsPerSecond(table, step) {
  const row = table.rowAt(step);
  const end = table.value("time", row);
  let first = row;
  while (first > 0) {
    const before = table.value("time", first - 1);
    if (!(end - before <= WINDOW_S) || table.value("time", first) - before > PAUSE_S) break;
    first -= 1;
  }
  if (first === row && row > 0) first = row - 1;
  const seconds = end - table.value("time", first);
  return seconds > 0 ? (table.steps[row] - table.steps[first]) / seconds : NaN;
}

function speedWords(table, step, batchSize) {
  const speed = stepsPerSecond(table, step) * batchSize;
  return Number.isFinite(speed) ? `${throughput(speed)} images/s` : "";
}

function deviceWords(config, machine) {
  const kind = { cpu: "CPU", cuda: "GPU" }[config?.device];
  const name = kind === "GPU" ? (machine?.name ?? kind) : kind;
  const precision = config?.precision === "auto" ? undefined : config?.precision;
  return [name, precision].filter((word) => typeof word === "string" && word).join(", ");
}

const spent = new WeakMap(); // table -> {length, seconds}, so that long runs are counted once

/** Seconds of training so far, without the time a run waited or was stopped. */
export function trainingSeconds(table) {
  let known = spent.get(table);
  if (!known || known.length > table.length) known = { length: 1, seconds: 0 };
  for (let row = known.length; row < table.length; row += 1) {
    const gap = table.value("time", row) - table.value("time", row - 1);
    if (gap > 0 && gap <= PAUSE_S) known.seconds += gap;
  }
  spent.set(table, { length: Math.max(1, table.length), seconds: known.seconds });
  return known.seconds;
}

function timeWords(table, total, state) {
  if (!table.length) return "";
  if (state === "running" && total !== null) {
    const last = table.steps[table.length - 1];
    const left = (total - last) / stepsPerSecond(table, last);
    return Number.isFinite(left) ? `${duration(left)} left` : "";
  }
  const seconds = trainingSeconds(table);
  return seconds > 0 ? `trained for ${duration(seconds)}` : "";
}
