// What a hand asks of the page is answered before a picture of something else goes on.

const HOLD_MS = 150;
const ASKS = ["keydown", "pointerdown", "pointerup"];

/** Whether a hand has asked something of the page outside an element just now. */
export class Manners {
  #asked = -Infinity;
  #listen = (event) => {
    if (!event.composedPath().includes(this.element)) this.#asked = performance.now();
  };

  constructor(element) {
    this.element = element;
    for (const name of ASKS) document.addEventListener(name, this.#listen, { capture: true, passive: true });
  }

  /** Milliseconds between two drawings, where `usual` is as many as suit the picture. */
  pause(usual) {
    return performance.now() - this.#asked < HOLD_MS ? HOLD_MS : usual;
  }

  close() {
    for (const name of ASKS) document.removeEventListener(name, this.#listen, { capture: true });
  }
}
