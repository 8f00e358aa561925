// The frames that a player walks through: those that Python has sent, or those of a training.

import { lastAtOrBefore } from "../run/history.js";
import { Run } from "../run/run.js";

/** Frames that are all here: a step of the player is the number of a frame. */
export class Sent {
  isLive = false;

  constructor(scene) {
    this.scene = scene;
  }

  get count() {
    return this.scene.steps.length;
  }

  inform(player) {
    const last = this.count - 1;
    const rests = Array.from({ length: this.count }, (_, i) => i);
    player.inform({ known: last, total: last, isFinal: true, isOver: true, rests });
  }

  /** The number of the frame at a step of the player. */
  frameAt(step) {
    return Math.max(0, Math.min(this.count - 1, Math.round(step)));
  }

  /** The step of the fit at a step of the player, and the other way round; null where there is none. */
  nameOf(step) {
    return this.scene.steps[this.frameAt(step)];
  }

  placeOf(name) {
    const found = this.scene.steps.indexOf(name);
    return found < 0 ? null : found;
  }

  close() {}
}

/** A training, whose frames are the steps at which it was measured. */
export class Trained {
  isLive = true;

  constructor({ run, base }, tell) {
    this.run = new Run({ id: run, base, tell, made: (step, tensors) => ({ step, density: tensors.density.values }) });
  }

  get table() {
    return this.run.history.heldOut;
  }

  get steps() {
    return Array.from(this.table.steps.subarray(0, this.table.length));
  }

  inform(player) {
    const { run, steps } = this;
    player.inform({ known: steps.at(-1) ?? -1, total: run.total, isFinal: run.isFinal, isOver: run.isOver, rests: steps });
  }

  frameAt(step) {
    return Math.max(0, this.table.rowAt(step));
  }

  nameOf(step) {
    return Math.max(0, Math.round(step));
  }

  placeOf(name) {
    return this.steps.includes(name) || this.run.isOver ? name : null;
  }

  column(name) {
    const read = this.table.reader(name);
    return this.steps.map((_, row) => read(row));
  }

  /** The snapshot of a step, or of the one before it that is here; asks for those to come. */
  snapshotAt(step) {
    const { snapshots, history } = this.run;
    const here = lastAtOrBefore(history.snapshots, step) ?? history.snapshots[0];
    if (here === undefined) return null;
    const ahead = history.snapshots.filter((each) => each > here).slice(0, 6);
    snapshots.want([here, ...ahead]);
    return snapshots.nearestAtHand(history.snapshots, here) ?? null;
  }

  close() {
    this.run.close();
  }
}
