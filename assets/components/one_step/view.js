// The pictures of a step, drawn anew when Python sends others, or when colours or widths change.

import { make } from "../run/dom.js";
import { applyTheme, readTheme, watchTheme } from "../run/theme.js";
import { bars, densities, histograms, lines } from "./charts.js";
import { images } from "./tiles.js";

const STEPS = ".st-key-step"; // where the page lists the steps
const CHARTS = { bars, densities, histograms, lines };

/** One component on a page: panels in reading order, each with a heading and a picture. */
export class View {
  #component = null;
  #theme = null;
  #panels = []; // {key, element}
  #undo;

  constructor(parent) {
    this.probe = make("i", "probe", { "aria-hidden": "true" });
    this.grid = make("div", "pictures");
    this.root = make("div", "run step", {}, this.probe, this.grid);
    parent.querySelector(".reserved")?.remove();
    parent.append(this.root);
    const unwatch = watchTheme(this.probe, () => this.#readTheme());
    const observer = new ResizeObserver(() => this.#draw());
    observer.observe(this.grid);
    const walk = (event) => this.#walk(event);
    document.addEventListener("keydown", walk, true);
    const stop = () => document.removeEventListener("keydown", walk, true);
    this.#undo = [unwatch, stop, () => observer.disconnect()];
  }

  update(component) {
    this.#component = component;
    this.#readTheme();
  }

  destroy() {
    for (const undo of this.#undo) undo();
    this.root.remove();
  }

  // In the list of steps an arrow chooses, as it does in any group of radio buttons, and as it does
  // on the rest of the page; Streamlit's own would only move the focus.
  #walk(event) {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const isPlain = !(event.altKey || event.ctrlKey || event.metaKey || event.shiftKey);
    if (!by || !isPlain || !event.target.closest?.(STEPS)) return;
    event.preventDefault();
    event.stopPropagation();
    this.#component?.setTriggerValue("walked", by);
  }

  #readTheme() {
    if (!this.#component) return;
    this.#theme = readTheme(this.root, this.#component.data.colours);
    applyTheme(this.root, this.#theme);
    this.#panels = [];
    this.#draw();
  }

  #draw() {
    if (!this.#component || !this.grid.clientWidth) return;
    const focused = this.root.getRootNode().activeElement?.dataset?.place;
    const { panels, step } = this.#component.data;
    const rems = this.grid.clientWidth / this.#theme.rem;
    const before = this.#panels;
    this.#panels = panels.map((panel, i) => {
      const key = JSON.stringify([panel, this.grid.clientWidth, this.#theme.rem]);
      return before[i]?.key === key ? before[i] : { key, element: this.#panel(panel, rems) };
    });
    const elements = this.#panels.map(({ element }) => element);
    if (elements.some((element, i) => this.grid.children[i] !== element) || elements.length !== this.grid.children.length) {
      this.grid.replaceChildren(...elements);
    }
    if (focused !== undefined) this.grid.querySelector(`[data-place="${focused}"]`)?.focus();
    this.root.dataset.step = step;
    this.root.dataset.drawn = String(Number(this.root.dataset.drawn ?? 0) + 1);
  }

  #panel(panel, rems) {
    const share = rems < (panel.kind === "densities" ? 26 : 33) ? 1 : panel.half ? 1 / 2 : panel.wide ? 2 / 3 : panel.narrow ? 1 / 3 : 1;
    const element = make("section", "picture");
    element.style.gridColumn = `span ${Math.round(6 * share)}`;
    if (panel.title) {
      const title = make("h3", panel.role ? `${panel.role}-text` : "", {}, panel.title);
      element.append(title);
    }
    const gap = 1.25 * this.#theme.rem;
    const width = Math.floor((this.grid.clientWidth + gap) * share - gap);
    element.append(
      panel.kind === "images"
        ? images(panel, this.#theme, (place) => this.#component.setTriggerValue("picked", place))
        : CHARTS[panel.kind](panel, this.#theme, width),
    );
    return element;
  }
}
