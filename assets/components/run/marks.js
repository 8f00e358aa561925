// The shapes of points, written once as SVG paths in a box from -1 to 1: canvas and page draw both.

const STAR = Array.from({ length: 10 }, (_, i) => {
  const radius = i % 2 ? 0.45 : 1.1;
  const angle = (i * Math.PI) / 5 - Math.PI / 2;
  return `${(radius * Math.cos(angle)).toFixed(3)} ${(radius * Math.sin(angle)).toFixed(3)}`;
});
const ROUND = (r) => `M${-r} 0A${r} ${r} 0 1 1 ${r} 0A${r} ${r} 0 1 1 ${-r} 0Z`;
const ROUND_BACK = (r) => `M${-r} 0A${r} ${r} 0 1 0 ${r} 0A${r} ${r} 0 1 0 ${-r} 0Z`;

// Hollow shapes are an outline with a hole that runs the other way round.
export const MARKS = {
  circle: ROUND(0.9),
  square: "M-.8-.8H.8V.8H-.8Z",
  triangle: "M0-1.05L1 .75H-1Z",
  down: "M0 1.05L1-.75H-1Z",
  diamond: "M0-1.15L1 0 0 1.15-1 0Z",
  plus: "M-.33-1H.33V-.33H1V.33H.33V1H-.33V.33H-1V-.33H-.33Z",
  cross: "M0-.45L.55-1 1-.55.45 0 1 .55.55 1 0 .45-.55 1-1 .55-.45 0-1-.55-.55-1Z",
  star: `M${STAR.join("L")}Z`,
  ring: `${ROUND(1)}${ROUND_BACK(0.5)}`,
  box: "M-.9-.9H.9V.9H-.9ZM-.45-.45V.45H.45V-.45Z",
};

const paths = new Map();

/** Draw a mark around a point; `radius` in the context's own pixels. */
export function drawMark(context, name, x, y, radius) {
  context.save();
  context.translate(x, y);
  context.scale(radius, radius);
  context.fill(path(name));
  context.restore();
}

/** Draw a mark on a line, with the paper showing where it is hollow. */
export function drawMarkOnLine(context, name, x, y, radius, paper) {
  if (name === "ring" || name === "box") {
    const colour = context.fillStyle;
    context.fillStyle = paper;
    drawMark(context, name === "ring" ? "circle" : "square", x, y, radius);
    context.fillStyle = colour;
  }
  drawMark(context, name, x, y, radius);
}

function path(name) {
  if (!paths.has(name)) paths.set(name, new Path2D(MARKS[name] ?? MARKS.circle));
  return paths.get(name);
}

/** The same mark as an element of the page, in the colour of the text around it. */
export function markElement(document, name) {
  return svg(document, "mark", "-1.2 -1.2 2.4 2.4", MARKS[name] ?? MARKS.circle);
}

/** A small picture on a button, drawn in a box of 24 by 24. */
export function iconElement(document, shape) {
  return svg(document, "icon", "0 0 24 24", shape);
}

function svg(document, className, box, shape) {
  const namespace = "http://www.w3.org/2000/svg";
  const element = document.createElementNS(namespace, "svg");
  element.setAttribute("viewBox", box);
  element.setAttribute("class", className);
  element.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(namespace, "path");
  line.setAttribute("d", shape);
  element.append(line);
  return element;
}
