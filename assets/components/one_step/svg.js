// Elements of a drawing, in CSS pixels. Text goes in as text, never as markup.

const NAMESPACE = "http://www.w3.org/2000/svg";

/** An element of a drawing with attributes and children; strings among them become text. */
export function draw(tag, attributes = {}, ...children) {
  const element = document.createElementNS(NAMESPACE, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/** A drawing of this size with a text alternative. */
export function drawing(width, height, alt) {
  const box = { width, height, viewBox: `0 0 ${width} ${height}` };
  return draw("svg", { ...box, role: "img", "aria-label": alt });
}

/** Text at a place; `anchor` says which end of it stands there. */
export function label(x, y, text, anchor = "start", attributes = {}) {
  return draw("text", { x, y, "text-anchor": anchor, ...attributes }, text);
}

/** The outline through some points, broken where one is not a number. */
export function path(points) {
  let pen = "M";
  let outline = "";
  for (const [x, y] of points) {
    if (!Number.isFinite(x) || !Number.isFinite(y)) {
      pen = "M";
      continue;
    }
    outline += `${pen}${x.toFixed(2)} ${y.toFixed(2)}`;
    pen = "L";
  }
  return outline;
}

/** The shape of a point. */
export function point(shape, x, y, radius, colour) {
  const place = `translate(${x} ${y}) scale(${radius})`;
  return draw("path", { d: shape, transform: place, fill: colour });
}
