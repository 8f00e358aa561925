// One run as the browser knows it: its record, its history, its pictures, and the stream of all.

import { History } from "./history.js";
import { Snapshots } from "./snapshots.js";
import { Stream } from "./stream.js";

const FINAL = new Set(["stopped", "done", "failed"]);

/**
 * Follows the run `id`. `tell` has `changed()`, `state(record, isFirst)`, `connection(isLost)`;
 * `made`, if there is one, is what becomes of a snapshot.
 */
export class Run {
  #stream = null;
  #probe = null; // asks once whether a run that was over goes on
  #tell;

  constructor({ id, base, tell, made }) {
    this.id = id;
    this.root = `${base}/api/runs/${encodeURIComponent(id)}`;
    this.stepsPerEpoch = null;
    this.record = null;
    this.history = new History();
    this.firstReportAt = null;
    this.heardAt = -Infinity; // when the last report came
    this.isOver = false; // the stream has told everything there will be
    this.#tell = tell;
    this.snapshots = new Snapshots({
      address: (step) => `${this.root}/snapshots/${step}`,
      onReady: () => tell.changed(),
      made,
    });
    this.#follow();
  }

  /** Listen again if the run goes on, as Python says, or has come to more than had been told. */
  hear({ attempt, state, step }) {
    const goesOn = attempt !== this.record?.attempt || (state && !FINAL.has(state));
    if (this.isOver && (goesOn || step > (this.record?.step ?? -1))) this.#follow();
  }

  /** See whether a run that was stopped has been taken up again, by another tab perhaps. */
  lookAgain() {
    if (!this.isOver || this.state === "done" || this.#probe) return;
    const { attempt, state } = this.record ?? {};
    this.#probe = new EventSource(`${this.root}/events?after=${this.history.sequence}`);
    const close = () => {
      this.#probe?.close();
      this.#probe = null;
    };
    this.#probe.addEventListener("state", (event) => {
      const now = JSON.parse(event.data);
      close();
      if (now.attempt !== attempt || now.state !== state) this.#follow();
    });
    for (const name of ["end", "error"]) this.#probe.addEventListener(name, close);
  }

  #follow() {
    this.isOver = false;
    this.#stream?.close();
    this.#stream = new Stream({
      address: (after) => `${this.root}/events?after=${after}`,
      after: () => this.history.sequence,
      tell: {
        state: (record) => this.#onState(record),
        batch: (batch) => this.#onBatch(batch),
        connection: (isLost) => this.#tell.connection(isLost),
        end: () => this.#onEnd(),
      },
    });
  }

  get state() {
    return this.record?.state ?? null;
  }

  get isFinal() {
    return FINAL.has(this.state);
  }

  /** All optimiser steps of the run, or null while that is open. */
  get total() {
    const { steps = null, segments = [] } = this.record?.config ?? {};
    return steps === null ? null : segments.reduce((sum, [more]) => sum + more, steps);
  }

  get betas() {
    return this.record?.config?.betas ?? [];
  }

  /** The beta in force at a step: as reported, or as the config plans it. */
  betaAt(step, member) {
    const row = this.history.training.rowAt(step);
    const reported = this.history.training.value("beta", row, member);
    if (Number.isFinite(reported)) return reported;
    const beta = this.betas[Math.min(member, this.betas.length - 1)] ?? NaN;
    const warmup = this.record?.config?.beta_warmup ?? 0;
    return warmup > 0 ? beta * Math.min(1, Math.max(0, step) / warmup) : beta;
  }

  close() {
    this.#stream?.close();
    this.#probe?.close();
    this.snapshots.clear();
  }

  #onState(record) {
    const isFirst = this.record === null;
    this.record = record;
    const members = Math.max(1, this.betas.length);
    if (members !== this.history.members && this.history.sequence === 0) {
      this.history = new History(members);
    }
    this.#tell.state(record, isFirst);
  }

  #onEnd() {
    this.isOver = true;
    this.#tell.changed();
  }

  #onBatch(batch) {
    const outcome = this.history.add(batch);
    if (outcome === "added") {
      this.heardAt = performance.now();
      this.firstReportAt ??= performance.timeOrigin + this.heardAt;
      this.#tell.changed();
    }
    return outcome;
  }
}
