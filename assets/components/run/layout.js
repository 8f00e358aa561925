// The skeleton of the component: panels with a heading and a canvas, in reading order.

import { make } from "./dom.js";
import { iconElement, markElement } from "./marks.js";

const EXPAND = "M3 12l5-5v4h8V7l5 5-5 5v-4H8v4z";

/** Build everything that does not depend on a run. The parts are found by name afterwards. */
export function build() {
  const parts = {};
  const canvas = (name, attributes = {}) => {
    parts[name] = make("canvas", name, { "aria-label": "Nothing is drawn yet.", ...attributes });
    return parts[name];
  };
  parts.reading = make("p", "unseen", { "aria-live": "polite" });
  const whole = { type: "button", title: "Show the whole run", "aria-label": "Show the whole run" };
  parts.reset = make("button", "small", whole);
  parts.reset.append(iconElement(document, EXPAND));
  const kinds = make("p", "kinds", {}, "Thick: held out. Thin: mini-batches.");
  const unit = make("h3", "", {}, "nats per image");
  parts.curvesHead = make("header", "", {}, unit, parts.reading, parts.reset);
  parts.company = make("div", "company");
  parts.note = make("p", "note");
  const keys = "Arrow keys read values, Enter goes there, + and - zoom, 0 shows the whole run";
  const curves = panel("curves", parts.curvesHead, canvas("curvesCanvas", { tabindex: "0", "aria-description": keys }), kinds, parts.note);

  parts.member = make("select", "small", { "aria-label": "Model" });
  const planeTitle = make("h3", "distortion-text", {}, "D, nats");
  const plane = panel("plane", make("header", "", {}, planeTitle, parts.member), canvas("planeCanvas"));

  parts.numbers = make("section", "numbers");

  parts.when = make("p", "when");
  const realTitle = heading("real", "circle", "Real images, then reconstructions");
  const real = panel("real", make("header", "", {}, realTitle, parts.when), canvas("realCanvas"));

  const dreamTitle = heading("dream", "square", "Dreams: draws of the prior, decoded");
  const dream = panel("dream", make("header", "", {}, dreamTitle), canvas("dreamCanvas"));

  parts.codesTitle = make("h3", "", {}, "Codes of held-out images");
  parts.legend = make("div", "legend", { role: "group", "aria-label": "Labels" });
  const codes = panel("codes", make("header", "", {}, parts.codesTitle), canvas("codesCanvas"), parts.legend);

  parts.probe = make("i", "probe", { "aria-hidden": "true" });
  parts.grid = make("div", "grid", {}, parts.company, curves, plane, parts.numbers, real, dream, codes);
  parts.root = make("div", "run", { "data-state": "none", "data-beside": "" }, parts.probe, parts.grid);
  return parts;
}

function panel(name, ...children) {
  return make("section", `panel ${name}`, {}, ...children);
}

function heading(meaning, mark, words) {
  return make("h3", `${meaning}-text`, {}, markElement(document, mark), words);
}

/** One entry for each label that occurs; pointing at one or pressing it lets it stand out. */
export function buildLegend(legend, { labels, names, look, onHighlight }) {
  let pressed = null;
  const buttons = labels.map((label) => {
    const { mark, colour } = look[label % look.length];
    const icon = markElement(document, mark);
    icon.style.color = colour;
    const button = make("button", "", { type: "button", "aria-pressed": "false" });
    button.append(icon, names?.[label] ?? String(label));
    button.addEventListener("pointerenter", () => onHighlight(label));
    button.addEventListener("pointerleave", () => onHighlight(pressed));
    button.addEventListener("click", () => {
      pressed = pressed === label ? null : label;
      onHighlight(pressed);
      buttons.forEach((other, i) => {
        other.setAttribute("aria-pressed", String(labels[i] === pressed));
      });
    });
    return button;
  });
  legend.replaceChildren(...buttons);
  onHighlight(null);
}
