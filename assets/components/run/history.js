// What is known of a run: its reports as columns of numbers that grow, found by step.

const FIRST_ROOM = 256;

/** Reports in the order of their steps; each named column holds one number per member. */
export class Table {
  constructor(members = 1) {
    this.members = members;
    this.length = 0;
    this.steps = new Float64Array(FIRST_ROOM);
    this.columns = new Map();
  }

  /** Add rows. A value that was not reported is NaN, which nothing draws or shows. */
  append(steps, columns) {
    this.#reserve(this.length + steps.length);
    this.steps.set(steps, this.length);
    for (const name of Object.keys(columns)) this.#column(name);
    for (const [name, column] of this.columns) {
      const rows = columns[name];
      for (let i = 0; i < steps.length; i += 1) {
        for (let k = 0; k < column.stride; k += 1) {
          const value = column.stride === 1 && !Array.isArray(rows?.[i]) ? rows?.[i] : rows?.[i]?.[k];
          column.values[(this.length + i) * column.stride + k] = value ?? NaN;
        }
      }
    }
    this.length += steps.length;
  }

  /** Forget what was reported at this step and later. */
  truncate(step) {
    this.length = this.lowerBound(step);
  }

  value(name, row, member = 0) {
    const column = this.columns.get(name);
    if (!column || row < 0 || row >= this.length) return NaN;
    return column.values[row * column.stride + Math.min(member, column.stride - 1)];
  }

  /** A quick way through a column: the value of a row for one member. */
  reader(name, member = 0) {
    const column = this.columns.get(name);
    if (!column) return () => NaN;
    const { values, stride } = column;
    const offset = Math.min(member, stride - 1);
    return (row) => values[row * stride + offset];
  }

  /** The first row at or after a step; `length` if there is none. */
  lowerBound(step) {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.steps[middle] < step) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The last row at or before a step; -1 if there is none. */
  rowAt(step) {
    const row = this.lowerBound(step);
    return row < this.length && this.steps[row] === step ? row : row - 1;
  }

  /** The row whose step is nearest; -1 in an empty table. */
  nearest(step) {
    if (!this.length) return -1;
    const after = Math.min(this.lowerBound(step), this.length - 1);
    const before = Math.max(0, after - 1);
    return step - this.steps[before] <= this.steps[after] - step ? before : after;
  }

  /** A column's value between reports, on the straight line that the chart draws. */
  interpolated(name, step, member = 0) {
    const row = this.rowAt(step);
    const here = this.value(name, row, member);
    const next = this.value(name, row + 1, member);
    if (!Number.isFinite(here) || !Number.isFinite(next)) return here;
    const share = (step - this.steps[row]) / (this.steps[row + 1] - this.steps[row]);
    return here + share * (next - here);
  }

  // Times are the same for all members and need more digits than float32 has.
  #column(name) {
    if (this.columns.has(name)) return;
    const stride = name === "time" ? 1 : this.members;
    const Kind = name === "time" ? Float64Array : Float32Array;
    const values = new Kind(this.steps.length * stride).fill(NaN);
    this.columns.set(name, { stride, values });
  }

  #reserve(rows) {
    let room = this.steps.length;
    if (rows <= room) return;
    while (room < rows) room *= 2;
    const grown = (old, size) => {
      const larger = new old.constructor(size).fill(NaN);
      larger.set(old);
      return larger;
    };
    this.steps = grown(this.steps, room);
    for (const column of this.columns.values()) {
      column.values = grown(column.values, room * column.stride);
    }
  }
}

/** Everything a run has told, whichever way and however often it was told. */
export class History {
  #rests;

  constructor(members = 1) {
    this.members = members;
    this.sequence = 0;
    this.version = 0; // goes up with every change
    this.training = new Table(members);
    this.heldOut = new Table(members);
    this.snapshots = [];
    this.#rests = { version: -1, steps: [] };
  }

  /** The last step that is known, or -1 before the first report. */
  get lastStep() {
    const last = (table) => (table.length ? table.steps[table.length - 1] : -1);
    return Math.max(last(this.training), last(this.heldOut));
  }

  /**
   * Merge a batch and say what it was: "added", "known" (heard before) or "gap" (one is missing
   * before it, so that the stream must be asked again).
   */
  add(batch) {
    if (batch.sequence <= this.sequence) return "known";
    if (batch.sequence !== this.sequence + 1) return "gap";
    this.sequence = batch.sequence;
    if (batch.first <= this.lastStep) this.#rewind(batch.first);
    const { step = [], ...training } = batch.training ?? {};
    this.training.append(step, training);
    const { step: measured = [], ...heldOut } = batch.held_out ?? {};
    this.heldOut.append(measured, heldOut);
    this.snapshots.push(...(batch.snapshots ?? []));
    this.version += 1;
    return "added";
  }

  /** Where a reader can rest so that all that is seen belongs to one step. */
  restingSteps() {
    if (this.#rests.version !== this.version) {
      const steps = new Set(this.heldOut.steps.subarray(0, this.heldOut.length));
      for (const step of this.snapshots) steps.add(step);
      if (this.lastStep >= 0) steps.add(this.lastStep);
      this.#rests = { version: this.version, steps: [...steps].sort((a, b) => a - b) };
    }
    return this.#rests.steps;
  }

  // A worker that went on from a checkpoint tells again what came after it.
  #rewind(step) {
    this.training.truncate(step);
    this.heldOut.truncate(step);
    this.snapshots = this.snapshots.filter((known) => known < step);
  }
}

/** The last of some ascending steps at or before a step, or undefined. */
export function lastAtOrBefore(steps, step) {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (steps[middle] <= step) low = middle + 1;
    else high = middle;
  }
  return steps[low - 1];
}

/** The nearest of some ascending steps, or undefined where there is none. */
export function nearestStep(steps, step) {
  const before = lastAtOrBefore(steps, step);
  const after = steps[before === undefined ? 0 : steps.indexOf(before) + 1];
  if (before === undefined || after === undefined) return before ?? after;
  return step - before <= after - step ? before : after;
}
