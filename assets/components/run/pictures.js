// Rows of small images, every pixel of theirs a sharp square.

import { Surface } from "./canvas.js";

const COLUMNS = 10;

/** A grid of images: each row a strip of ten or fewer. The canvas takes the height it needs. */
export class Pictures {
  constructor(canvas, { rows, onChange }) {
    this.rows = rows;
    this.surface = new Surface(canvas, onChange);
    canvas.style.aspectRatio = String(COLUMNS / rows);
  }

  /**
   * Draw tiles `{canvas, side, count}` in reading order, or empty frames where there are none;
   * `key` says which they are.
   */
  draw(theme, strips, key, words) {
    if (!this.surface.isStale(theme.id, key)) return;
    const context = this.surface.begin();
    if (!context) return;
    const { ratio, canvas } = this.surface;
    context.setTransform(1, 0, 0, 1, 0, 0); // exact device pixels
    context.imageSmoothingEnabled = false;
    const pitch = canvas.width / COLUMNS;
    const gap = Math.max(1, Math.round(3 * ratio));
    const size = tileSize(Math.floor(pitch - gap), strips[0]?.side);
    const rowPitch = canvas.height / this.rows;
    let place = 0;
    for (const strip of strips) {
      for (let i = 0; i < strip.count && place < COLUMNS * this.rows; i += 1, place += 1) {
        const x = Math.round((place % COLUMNS) * pitch + (pitch - gap - size) / 2);
        const y = Math.round(Math.floor(place / COLUMNS) * rowPitch + (rowPitch - gap - size) / 2);
        context.drawImage(strip.canvas, i * strip.side, 0, strip.side, strip.side, x, y, size, size);
      }
    }
    if (!strips.length) this.#frames(context, theme, pitch, rowPitch, size);
    this.surface.describe(words);
  }

  #frames(context, theme, pitch, rowPitch, size) {
    context.strokeStyle = theme.of.bound.colour;
    context.globalAlpha = 0.35;
    context.lineWidth = 1;
    for (let place = 0; place < COLUMNS * this.rows; place += 1) {
      const x = Math.round((place % COLUMNS) * pitch) + 0.5;
      const y = Math.round(Math.floor(place / COLUMNS) * rowPitch) + 0.5;
      context.strokeRect(x, y, size - 1, size - 1);
    }
    context.globalAlpha = 1;
  }

  destroy() {
    this.surface.destroy();
  }
}

// A whole multiple of the image where that costs little, so that all its pixels are equal.
function tileSize(room, side) {
  if (!side || room < side) return Math.max(1, room);
  const whole = Math.floor(room / side) * side;
  return whole >= 0.86 * room ? whole : room;
}
