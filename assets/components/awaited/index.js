// A training that the page waits for: how far it is, told by its own stream of events.

import { make, setText } from "../run/dom.js";
import { whole } from "../run/format.js";
import { mounting } from "../run/mounting.js";
import { Run } from "../run/run.js";

class View {
  #run = null;
  #component = null;
  #told = "";

  constructor(parent) {
    this.bar = make("progress", "", { max: "1", value: "0", "aria-label": "How far the training is" });
    this.words = make("p", "", { role: "status" });
    this.root = make("div", "awaited", {}, this.bar, this.words);
    parent.querySelector(".reserved")?.remove();
    parent.append(this.root);
  }

  /** Follow the run that Python names, until it is over. */
  update(component) {
    const before = this.#component?.data.run;
    this.#component = component;
    const { run, base, words } = component.data;
    if (run === before) return;
    setText(this.words, words);
    this.#run?.close();
    this.#run = new Run({
      id: run,
      base: base ?? "",
      tell: { changed: () => this.#write(), state: () => this.#write(), connection: () => {} },
    });
  }

  destroy() {
    this.#run?.close();
    this.root.remove();
  }

  // The page hears of the end once, and shows what has come of it.
  #write() {
    const { run } = this.#component.data;
    const { state, total, history, isFinal } = this.#run;
    const step = Math.max(0, history.lastStep);
    if (total) this.bar.value = step / total;
    else this.bar.removeAttribute("value");
    if (state === "running" && step) {
      setText(this.words, `Training: step ${whole(step)}${total ? ` of ${whole(total)}` : ""}.`);
    }
    const told = `${run} ${state}`;
    if (told === this.#told || !(isFinal || state === "paused")) return;
    this.#told = told;
    this.#component.setStateValue("state", told);
  }
}

/** Wait for a training in `parentElement`. */
export default mounting(View);
