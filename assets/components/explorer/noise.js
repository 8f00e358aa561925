// Random numbers that a seed repeats, so that a link shows the same draw.

/** Uniform and standard normal numbers, by the generator "mulberry32" and by Box and Muller. */
export class Noise {
  #state;
  #spare = null;

  /** `stream` tells apart what is drawn with one seed for several purposes. */
  constructor(seed, stream = 0) {
    this.#state = (Math.imul(seed + 1, 0x9e3779b1) ^ Math.imul(stream + 1, 0x85ebca6b)) >>> 0;
    for (let i = 0; i < 4; i += 1) this.uniform(); // neighbouring seeds part
  }

  /** A number from 0 to 1. */
  uniform() {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** A number from N(0, 1). */
  normal() {
    if (this.#spare !== null) {
      const spare = this.#spare;
      this.#spare = null;
      return spare;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    const angle = 2 * Math.PI * this.uniform();
    this.#spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  }

  /** A code from the prior, stretched by `temperature`. */
  code(latent, temperature = 1) {
    return Float64Array.from({ length: latent }, () => temperature * this.normal());
  }
}
