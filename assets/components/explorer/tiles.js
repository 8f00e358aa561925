// Images at their own size, every pixel a sharp square that the style sheet makes larger.

import { make, setText } from "../run/dom.js";

const BLACK = 0xff000000; // bytes of a pixel as a little-endian number: alpha, blue, green, red

/** One square image. It counts how many different images it has painted. */
export class Tile {
  painted = 0;

  constructor(label) {
    this.canvas = make("canvas", "tile", { role: "img", "aria-label": label });
    this.context = this.canvas.getContext("2d", { alpha: false });
    this.side = 0;
  }

  /** Paint pixels from 0 to 1; say whether that is another image than before. */
  paint(image) {
    this.#fit(Math.round(Math.sqrt(image.length)));
    const { words } = this;
    let isNew = false;
    for (let i = 0; i < image.length; i += 1) {
      const pixel = BLACK + Math.round(255 * image[i]) * 0x010101;
      if (words[i] !== pixel) {
        words[i] = pixel;
        isNew = true;
      }
    }
    if (!isNew) return false;
    this.context.putImageData(this.data, 0, 0);
    this.painted += 1;
    return true;
  }

  /** Paint an image of bytes. */
  paintBytes(bytes) {
    this.paint(Float32Array.from(bytes, (byte) => byte / 255));
  }

  #fit(side) {
    if (side === this.side) return;
    this.side = this.canvas.width = this.canvas.height = side;
    this.data = this.context.createImageData(side, side);
    this.words = new Uint32Array(this.data.data.buffer);
  }
}

/** A row of images with a caption under each. */
export class Strip {
  constructor(title) {
    this.title = make("h3", "", {}, title);
    this.row = make("div", "tiles");
    this.element = make("section", "strip", {}, this.title, this.row);
    this.figures = [];
  }

  /** Show so many images: `paint(tile, i)` paints one, `caption(i)` says what it is. */
  show(count, paint, caption) {
    while (this.figures.length < count) this.#add();
    this.figures.forEach(({ element, tile, words }, i) => {
      element.hidden = i >= count;
      if (i >= count) return;
      paint(tile, i);
      const text = caption(i);
      setText(words, text);
      tile.canvas.setAttribute("aria-label", text || "A decoded image");
    });
  }

  #add() {
    const tile = new Tile("A decoded image");
    const words = make("figcaption");
    const element = make("figure", "", {}, tile.canvas, words);
    this.row.append(element);
    this.figures.push({ element, tile, words });
  }
}

/**
 * Decodes along the way of the hand, from its beginning to where it is, evenly far apart. All are
 * in one canvas, which is cheap to paint while the hand moves.
 */
export class Trail {
  points = [];
  #images = [];
  #stride = 0;

  constructor(most) {
    this.most = most;
    this.canvas = make("canvas", "trail-picture", { role: "img", "aria-label": "No way yet" });
    this.context = this.canvas.getContext("2d");
    this.element = make("section", "strip", {}, make("h3", "", {}, "The way of the hand, decoded"), this.canvas);
    this.side = 0;
  }

  /** Begin anew; codes of the way will be at least `stride` apart. */
  begin(stride) {
    this.points = [];
    this.#images = [];
    this.#stride = stride;
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  /** Take a code and its image, if it is far enough from the last one. */
  offer(z, image) {
    const last = this.points.at(-1);
    if (last && Math.hypot(...z.map((value, j) => value - last[j])) < this.#stride) return;
    this.#fit(Math.round(Math.sqrt(image.length)));
    this.points.push(Float64Array.from(z));
    this.#images.push(Uint8Array.from(image, (value) => Math.round(255 * value)));
    if (this.points.length <= this.most) {
      this.#paint(this.points.length - 1);
      return;
    }
    // No more room: every second one stays, and the next ones come half as often.
    const isKept = (_, i) => i % 2 === 0;
    this.points = this.points.filter(isKept);
    this.#images = this.#images.filter(isKept);
    this.#stride *= 2;
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.#images.forEach((_, i) => this.#paint(i));
  }

  #paint(i) {
    const bytes = this.#images[i];
    for (let k = 0; k < bytes.length; k += 1) this.words[k] = BLACK + bytes[k] * 0x010101;
    this.context.putImageData(this.data, i * (this.side + 1), 0);
  }

  #fit(side) {
    if (side === this.side) return;
    this.side = side;
    Object.assign(this.canvas, { width: this.most * (side + 1) - 1, height: side });
    this.data = this.context.createImageData(side, side);
    this.words = new Uint32Array(this.data.data.buffer);
  }
}

/** Many images in one picture, which can be saved. */
export class Grid {
  constructor() {
    this.canvas = make("canvas", "grid-picture", { role: "img", "aria-label": "Samples" });
    this.context = this.canvas.getContext("2d", { alpha: false });
  }

  /** Paint `count` images in rows of `columns`; `imageOf(i)` gives pixels from 0 to 1. */
  paint(count, columns, side, imageOf) {
    const pitch = side + 1;
    const [width, height] = [columns * pitch - 1, Math.ceil(count / columns) * pitch - 1];
    Object.assign(this.canvas, { width, height });
    const data = this.context.createImageData(width, height);
    const words = new Uint32Array(data.data.buffer).fill(0xffffffff);
    for (let k = 0; k < count; k += 1) {
      const image = imageOf(k);
      const start = Math.floor(k / columns) * pitch * width + (k % columns) * pitch;
      for (let i = 0; i < image.length; i += 1) {
        const place = start + Math.floor(i / side) * width + (i % side);
        words[place] = BLACK + Math.round(255 * image[i]) * 0x010101;
      }
    }
    this.context.putImageData(data, 0, 0);
  }

  /** The picture as a PNG file, every pixel enlarged to a square of whole pixels. */
  async file(times) {
    const { width, height } = this.canvas;
    const large = make("canvas");
    Object.assign(large, { width: width * times, height: height * times });
    const context = large.getContext("2d");
    context.imageSmoothingEnabled = false;
    context.drawImage(this.canvas, 0, 0, large.width, large.height);
    return new Promise((done) => large.toBlob(done, "image/png"));
  }
}
