// Draws when the screen is ready and something has changed, and rests otherwise.

const LONGEST_S = 0.1;
const FRAME_MS = 1000 / 60;
const EARLY_MS = 4; // a screen is never quite regular

/**
 * Calls `draw(seconds)` once per frame while it answers that something still moves. `pause()` is
 * the least time between two drawings, in milliseconds: 0 for every frame.
 */
export class Frames {
  #request = 0;
  #last = 0;
  #isMoving = false;
  #isStopped = false;

  constructor(draw, pause = () => 0) {
    this.draw = draw;
    this.pause = pause;
  }

  /** Something has changed: draw with the next frame. */
  ask() {
    if (this.#request || this.#isStopped) return;
    this.#request = requestAnimationFrame((now) => this.#tick(now));
  }

  stop() {
    this.#isStopped = true;
    cancelAnimationFrame(this.#request);
  }

  // After a rest the clock starts anew: idle time is no playing time.
  #tick(now) {
    this.#request = 0;
    if (this.#isMoving && now - this.#last < this.pause() - EARLY_MS) {
      this.ask();
      return;
    }
    const elapsed = this.#isMoving ? now - this.#last : FRAME_MS;
    this.#last = now;
    this.#isMoving = this.draw(Math.min(LONGEST_S, elapsed / 1000));
    if (this.#isMoving) this.ask();
  }
}
