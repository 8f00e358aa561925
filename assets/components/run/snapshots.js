// The pictures of a run by step: fetched when they are about to be seen, decoded once.

import { parse } from "./safetensors.js";

const ROOM = 48_000_000; // bytes of decoded snapshots that are kept
const RETRY_MS = 2000;

/**
 * Fetches and remembers snapshots. `address(step)` is where one lies; `onReady` when one came;
 * `made(step, tensors)` is what becomes of one, pictures unless a view says otherwise.
 */
export class Snapshots {
  atOnce = 2; // a browser allows six connections a host, and others need some
  #kept = new Map(); // step -> snapshot, the least recently used first
  #loading = new Map(); // step -> AbortController
  #failed = new Map(); // step -> when to try again
  #wanted = [];
  #bytes = 0;
  #timer = 0;

  constructor({ address, onReady, made = (step, tensors) => new Snapshot(step, tensors) }) {
    this.address = address;
    this.made = made;
    this.onReady = onReady;
  }

  /** The snapshot of a step if it is here. */
  get(step) {
    const snapshot = this.#kept.get(step);
    if (snapshot) {
      this.#kept.delete(step);
      this.#kept.set(step, snapshot);
    }
    return snapshot;
  }

  /** Of some steps, the one at hand that was last before `step`, or else the next after it. */
  nearestAtHand(steps, step) {
    let best;
    for (const candidate of steps) {
      if (!this.#kept.has(candidate)) continue;
      if (candidate <= step || best === undefined) best = candidate;
    }
    return best === undefined ? undefined : this.get(best);
  }

  /** Ask for snapshots, the most urgent first. What was asked for before and is not, waits. */
  want(steps) {
    this.#wanted = steps;
    this.#pump();
  }

  clear() {
    for (const controller of this.#loading.values()) controller.abort();
    clearTimeout(this.#timer);
    this.#kept.clear();
    this.#loading.clear();
    this.#failed.clear();
    this.#wanted = [];
    this.#bytes = 0;
  }

  #pump() {
    const now = performance.now();
    for (const step of this.#wanted) {
      if (this.#loading.size >= this.atOnce) return;
      if (this.#kept.has(step) || this.#loading.has(step)) continue;
      if ((this.#failed.get(step) ?? 0) > now) continue;
      this.#load(step);
    }
  }

  async #load(step) {
    const controller = new AbortController();
    this.#loading.set(step, controller);
    try {
      const answer = await fetch(this.address(step), { signal: controller.signal });
      if (!answer.ok) throw new Error(`no pictures: ${answer.status}`);
      const buffer = await answer.arrayBuffer();
      if (controller.signal.aborted) return;
      this.#keep(step, this.made(step, parse(buffer)), buffer.byteLength);
      this.#loading.delete(step);
      this.onReady(step);
    } catch {
      if (controller.signal.aborted) return;
      // Pictures are shown when they come; until then the ones before them stay.
      this.#loading.delete(step);
      this.#failed.set(step, performance.now() + RETRY_MS);
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => this.#pump(), RETRY_MS);
    }
    this.#pump();
  }

  #keep(step, snapshot, bytes) {
    snapshot.bytes = 5 * bytes; // the file's numbers and the pixels made of them
    this.#kept.set(step, snapshot);
    this.#bytes += snapshot.bytes;
    for (const [oldest, old] of this.#kept) {
      if (this.#bytes <= ROOM || oldest === step) break;
      this.#kept.delete(oldest);
      this.#bytes -= old.bytes;
    }
  }
}

/** One step's pictures: rows of images as canvases of their own size, and codes with labels. */
export class Snapshot {
  #strips = new Map();

  constructor(step, tensors) {
    this.step = step;
    this.tensors = tensors;
    this.side = Math.round(Math.sqrt(tensors.originals.shape.at(-1)));
  }

  /** Images of a kind side by side, one pixel for each of theirs. */
  strip(kind, member = 0) {
    const key = `${kind} ${member}`;
    if (!this.#strips.has(key)) this.#strips.set(key, this.#decoded(kind, member));
    return this.#strips.get(key);
  }

  /** Code means of a member: `points` as pairs, the dimensions they are, and labels. */
  codes(member = 0) {
    const { codes, code_dims: dims, labels } = this.tensors;
    const [members, count] = codes.shape;
    const k = Math.min(member, members - 1);
    return {
      points: codes.values.subarray(k * count * 2, (k + 1) * count * 2),
      dims: [...dims.values.subarray(2 * k, 2 * k + 2)],
      labels: labels.values,
    };
  }

  #decoded(kind, member) {
    const { shape, values } = this.tensors[kind];
    const { side } = this;
    const count = shape.at(-2);
    const start = shape.length === 3 ? Math.min(member, shape[0] - 1) * count * side * side : 0;
    const canvas = document.createElement("canvas");
    canvas.width = count * side;
    canvas.height = side;
    const context = canvas.getContext("2d");
    const image = context.createImageData(count * side, side);
    for (let i = 0; i < count * side * side; i += 1) {
      const tile = Math.floor(i / (side * side));
      const row = Math.floor(i / side) % side;
      const place = 4 * (row * count * side + tile * side + (i % side));
      image.data.fill(values[start + i], place, place + 3);
      image.data[place + 3] = 255;
    }
    context.putImageData(image, 0, 0);
    return { canvas, side, count };
  }
}
