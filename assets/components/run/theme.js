// Colours and sizes of the moment: the reader may change the theme or the type size at any time.

let themes = 0; // a number for each, so that a drawing knows whether it is still right

/** What canvases need to know about the page around `element`. */
export function readTheme(element, colours) {
  const style = getComputedStyle(element);
  const text = style.color;
  const paper = style.getPropertyValue("--st-background-color").trim();
  const isDark = luminance(paper, element) < 0.4;
  return {
    id: (themes += 1),
    isDark,
    text,
    paper,
    font: style.fontFamily,
    rem: parseFloat(getComputedStyle(document.documentElement).fontSize),
    of: colours[isDark ? "dark" : "light"],
  };
}

/** Give the style sheet the colours of the table of meanings. */
export function applyTheme(root, { isDark, of: look }) {
  root.dataset.theme = isDark ? "dark" : "light";
  for (const [name, { colour, text }] of Object.entries(look)) {
    if (!colour) continue; // the list of label colours, which only canvases use
    root.style.setProperty(`--${name}`, colour);
    root.style.setProperty(`--${name}-text`, text);
  }
}

/** Relative luminance of any colour that CSS can write, from 0 to 1. */
export function luminance(colour, element) {
  const canvas = element.ownerDocument.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  const [red, green, blue] = [...context.getImageData(0, 0, 1, 1).data].map((byte) => {
    const value = byte / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/**
 * Calls back when colours or the root's font size change, and at no other time: an invisible
 * element, one rem wide, has transitions on its colours, and whoever changes them starts one.
 */
export function watchTheme(probe, onChange) {
  const observer = new ResizeObserver(onChange);
  observer.observe(probe);
  probe.addEventListener("transitionend", onChange);
  return () => {
    observer.disconnect();
    probe.removeEventListener("transitionend", onChange);
  };
}
