// Elements of the page. Text goes in as text, never as markup.

/** An element with a class, attributes and children; strings among them become text. */
export function make(tag, className = "", attributes = {}, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** Replace an element's text, and touch the page only if it differs. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Text in a place that grows but never shrinks, so that nothing beside it moves. Digits all have
 * one width here.
 */
export function setSteadyText(element, text) {
  setText(element, text);
  const narrow = text.match(/[.,\s]/g)?.length ?? 0;
  const room = Math.max(Number(element.dataset.room ?? 0), text.length - 0.5 * narrow);
  if (String(room) === element.dataset.room) return;
  element.dataset.room = String(room);
  element.style.minWidth = `${room}ch`;
}

/**
 * Keep an element as wide as it has ever been in a window of this width, in rem. It is measured
 * only when that or `shape`, which stands for the lengths of its texts, is new.
 */
export function holdWidth(element, shape) {
  const { dataset } = element;
  const screen = String(window.innerWidth);
  if ((dataset.shape === shape && dataset.screen === screen) || !element.isConnected) return;
  if (dataset.screen !== screen) dataset.room = "0";
  Object.assign(dataset, { shape, screen });
  element.style.minWidth = "";
  const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
  const wide = element.getBoundingClientRect().width / rem;
  dataset.room = String(Math.max(Number(dataset.room ?? 0), wide));
  element.style.minWidth = `${dataset.room}rem`;
}

/** Buttons of which one is pressed. `options` maps values to labels; `onPick(value)` is told. */
export class Choice {
  constructor(name, options, onPick) {
    this.element = make("div", "choice", { role: "group", "aria-label": name });
    this.buttons = new Map();
    for (const [value, label, title] of options) {
      const button = make("button", "", { type: "button", "aria-pressed": "false", title }, label);
      button.addEventListener("click", () => onPick(value));
      this.buttons.set(value, button);
      this.element.append(button);
    }
  }

  set(picked) {
    for (const [value, button] of this.buttons) {
      button.setAttribute("aria-pressed", String(value === picked));
    }
  }
}
