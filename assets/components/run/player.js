// Playback: which step is on screen now. Knows no browser and no clock, so time can be faked.

const LIVE_LAG_S = 0.08; // how softly the head follows what arrives
const SKETCH_S = 0.35; // a still between two jumps where motion is not wanted

/**
 * Moves a playhead over the steps that are known so far.
 *
 * At the run's own pace ("live") it follows the last known step. At a pace for the eye it takes
 * `pace` seconds for the whole run, on a path that is quadratic in time: half of it goes to the
 * first quarter of the steps, where most happens. It never passes what is known, and loses no
 * time by waiting.
 */
export class Player {
  constructor({ pace = 10, isStill = false } = {}) {
    this.pace = pace;
    this.isStill = isStill; // the reader asked for reduced motion
    this.reset();
  }

  reset() {
    this.mode = "live"; // or "play", "pause"
    this.step = -1; // -1 before the first report
    this.known = -1;
    this.total = null; // steps of the whole run, or null while that is open
    this.isFinal = false; // the run has ended
    this.isOver = false; // and all of it is known
    this.rests = [];
    this.waited = 0;
  }

  /** Take in what is known now: the last step, the planned total, and where a reader can rest. */
  inform({ known, total, isFinal, isOver, rests }) {
    Object.assign(this, { known, total, isFinal, isOver, rests });
    if (this.step > known) this.step = known;
    if (this.mode !== "live" && this.step < 0) this.step = Math.min(known, 0);
  }

  /** The steps that the path covers: all planned ones, or those there are of an open-ended run. */
  get extent() {
    return this.isOver || this.total === null ? Math.max(this.known, 1) : this.total;
  }

  get isAtEnd() {
    return this.step >= this.known;
  }

  /** Whether the next frame may differ from this one. */
  get isMoving() {
    return this.mode !== "pause" && this.step < this.known;
  }

  /** How far along its path a step lies, from 0 to 1. */
  place(step) {
    return Math.sqrt(Math.max(0, Math.min(1, step / this.extent)));
  }

  /** The step at a place along the path. */
  stepAt(place) {
    return this.extent * Math.max(0, Math.min(1, place)) ** 2;
  }

  live() {
    this.mode = "live";
  }

  /** Play at the pace; from the start if everything has been played. */
  play() {
    if (this.step < 0 || (this.isOver && this.isAtEnd)) this.step = Math.min(0, this.known);
    this.mode = this.pace > 0 && (this.isOver || this.total !== null) ? "play" : "live";
    this.waited = 0;
  }

  /** Stop where curves, pictures and numbers all belong to one step. */
  pause() {
    this.seek(this.step);
  }

  /** Be where a hand holds it, between two measurements as well. */
  drag(step) {
    this.mode = "pause";
    if (this.known >= 0) this.step = Math.max(0, Math.min(step, this.known));
  }

  /** Rest at the step nearest to this one that everything was measured at. */
  seek(step) {
    this.mode = "pause";
    if (!this.rests.length) return;
    const wanted = Math.min(step, this.known);
    this.step = this.rests.reduce((best, rest) =>
      Math.abs(rest - wanted) < Math.abs(best - wanted) ? rest : best,
    );
  }

  /** Rest so many measured steps further on, or back. */
  hop(count) {
    if (!this.rests.length) return;
    const next = this.rests.findIndex((rest) => rest > this.step + 1e-9);
    const after = next < 0 ? this.rests.length : next;
    const before = this.rests.findLastIndex((rest) => rest < this.step - 1e-9);
    const index = count > 0 ? after + count - 1 : before + count + 1;
    this.seek(this.rests[Math.max(0, Math.min(this.rests.length - 1, index))]);
  }

  /** Let so many seconds pass; say whether the playhead moved. */
  advance(seconds) {
    if (!this.isMoving) return false;
    const before = this.step;
    if (this.mode === "live") this.#follow(seconds);
    else if (this.isStill) this.#jump(seconds);
    else this.#glide(seconds);
    if (this.mode === "play" && this.isOver && this.isAtEnd) this.mode = "pause";
    return this.step !== before;
  }

  #follow(seconds) {
    const gap = this.known - this.step;
    const isClose = gap <= Math.max(0.5, this.known * 1e-4);
    if (this.isStill || this.isFinal || this.step < 0 || isClose) this.step = this.known;
    else this.step += gap * (1 - Math.exp(-seconds / LIVE_LAG_S));
  }

  #glide(seconds) {
    const here = this.place(Math.max(0, this.step));
    const gap = this.place(this.known) - here;
    // While more is to come, slow down before what is known ends, so that waiting is no jolt.
    const reach = this.isOver ? gap : gap * (1 - Math.exp(-seconds / LIVE_LAG_S));
    const stride = Math.min(seconds / this.pace, reach);
    const isThere = gap - stride <= 1e-5;
    this.step = isThere ? this.known : Math.min(this.known, this.stepAt(here + stride));
  }

  #jump(seconds) {
    this.waited += seconds;
    if (this.waited < SKETCH_S) return;
    this.waited = 0;
    const path = this.place(Math.max(0, this.step)) + SKETCH_S / this.pace;
    const target = this.stepAt(path);
    const next = this.rests.find((rest) => rest >= target && rest > this.step);
    if (next !== undefined) this.step = next;
    else if (this.isOver) this.step = this.known;
  }
}
