// A canvas that follows its box on the page and the screen's pixels, and says what it shows.

const LABEL_MS = 1000; // a screen reader hears of new numbers at most so often

/** One canvas of the component. Sizes are in CSS pixels; `context` is scaled to them. */
export class Surface {
  #size; // goes up with every change of size
  #drawn = "";
  #label = { text: "", said: -Infinity, timer: 0 };

  constructor(canvas, onResize) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.width = this.height = 0;
    this.#size = 0;
    this.ratio = 1;
    this.observer = new ResizeObserver(([entry]) => this.#fit(entry) && onResize());
    try {
      this.observer.observe(canvas, { box: "device-pixel-content-box" });
    } catch {
      this.observer.observe(canvas); // a browser that does not know exact device pixels
    }
    canvas.setAttribute("role", "img");
  }

  /** Whether something else is drawn than what these values describe; they are remembered. */
  isStale(...values) {
    const key = [this.#size, ...values].join();
    if (key === this.#drawn) return false;
    this.#drawn = key;
    return true;
  }

  /** Wipe the canvas and return its context, or null while it has no size. */
  begin() {
    if (!this.width || !this.height) return null;
    // In device pixels, of which the last row and column may be parts of one of ours.
    this.context.setTransform(1, 0, 0, 1, 0, 0);
    this.context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    return this.context;
  }

  /** Say in words what is drawn, now or when a second has passed since the last time. */
  describe(text) {
    const label = this.#label;
    if (text === label.text) return;
    label.text = text;
    const wait = label.said + LABEL_MS - performance.now();
    clearTimeout(label.timer);
    const say = () => {
      label.said = performance.now();
      this.canvas.setAttribute("aria-label", label.text);
    };
    if (wait <= 0) say();
    else label.timer = setTimeout(say, wait);
  }

  destroy() {
    this.observer.disconnect();
    clearTimeout(this.#label.timer);
  }

  #fit(entry) {
    const { width, height } = entry.contentRect;
    const ratio = this.canvas.ownerDocument.defaultView.devicePixelRatio || 1;
    // Exact device pixels, unless they belong to another screen than the ratio does, as they do
    // where a browser plays another device.
    const exact = entry.devicePixelContentBoxSize?.[0];
    const isOurs = exact && Math.abs(exact.inlineSize - width * ratio) < 2;
    const wide = isOurs ? exact.inlineSize : Math.round(width * ratio);
    const high = isOurs ? exact.blockSize : Math.round(height * ratio);
    if (width === this.width && height === this.height && wide === this.canvas.width) return false;
    Object.assign(this, { width, height, ratio });
    Object.assign(this.canvas, { width: wide, height: high });
    this.#size += 1;
    return true;
  }
}

/** Half a pixel off, so that a hairline covers one row of pixels and not two halves. */
export function crisp(value, ratio) {
  return (Math.round(value * ratio - 0.5) + 0.5) / ratio;
}

/** Text with a seam of paper around it, `seam` rem wide, readable across lines. */
export function haloText(context, theme, text, x, y, seam = 0.3) {
  context.save();
  context.strokeStyle = theme.paper;
  context.lineWidth = theme.rem * seam;
  context.lineJoin = "round";
  context.setLineDash([]);
  context.strokeText(text, x, y);
  context.restore();
  context.fillText(text, x, y);
}

/** Set the type: `size` in rem, as everything on the page. */
export function setFont(context, theme, size = 1, weight = 400) {
  context.font = `${weight} ${(theme.rem * size).toFixed(2)}px ${theme.font}`;
}
