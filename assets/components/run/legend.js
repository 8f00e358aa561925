// Which letter is which run, and D + R of each where the playhead is.

import { make, setSteadyText } from "./dom.js";
import { LETTERS } from "./company.js";
import { UNKNOWN, equation } from "./format.js";

/** One line over the charts, as long as there is more than one run. */
export class Legend {
  #key = "";
  #items = [];

  constructor(element) {
    this.element = element;
    this.element.hidden = true;
    this.list = make("ul", "", { "aria-label": "D + R of the runs on the charts" });
    this.element.append(make("span", "lead", { "aria-hidden": "true" }, "D + R"), this.list);
  }

  /** Name the runs: the one in front, then those beside it. */
  begin(label, others) {
    const labels = others.length ? [label, ...others.map((other) => other.label)] : [];
    const key = JSON.stringify(labels);
    if (key === this.#key) return;
    this.#key = key;
    this.element.hidden = !labels.length;
    this.#items = labels.map((text, i) => {
      const value = make("span", "value", {}, UNKNOWN);
      const name = make("span", "name", {}, text ? `${text}:` : "");
      const item = make("li", "", {}, make("b", "", {}, LETTERS[i]), " ", name, " ", value);
      return { item, value };
    });
    this.list.replaceChildren(...this.#items.map(({ item }) => item));
  }

  update(scene) {
    const runs = [scene, ...scene.others];
    this.#items.forEach(({ value }, i) => {
      const { history, row } = runs[i] ?? {};
      const at = (name) => history?.heldOut.value(name, row, scene.member);
      const { total } = equation(at("distortion"), at("rate"), 1);
      setSteadyText(value, total);
    });
  }
}
