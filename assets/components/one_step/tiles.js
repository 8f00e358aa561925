// Small images, every pixel of theirs a sharp square: grey ones, and nats in the colour of D.

import { make } from "../run/dom.js";

/** Rows of images with captions; where one can be picked, each is a button. */
export function images(panel, theme, onPick) {
  const grid = make("div", `tiles ${panel.small ? "strip" : ""}`);
  grid.style.setProperty("--columns", panel.columns);
  const canPick = panel.picked !== undefined;
  grid.setAttribute("role", canPick ? "group" : "img");
  grid.setAttribute("aria-label", panel.alt);
  panel.tiles.forEach((tile, i) => {
    const canvas = paint(tile, panel.side, theme);
    const mark = tile.role ? `${tile.role}-text` : "";
    const caption = tile.caption ? [make("span", `caption ${mark}`, {}, tile.caption)] : [];
    if (!canPick) {
      grid.append(make("div", "tile", { "aria-hidden": "true" }, canvas, ...caption));
      return;
    }
    const isPicked = i === panel.picked;
    const named = { type: "button", "aria-label": tile.label, "aria-pressed": String(isPicked) };
    const button = make("button", "tile", { ...named, "data-place": i }, canvas, ...caption);
    button.addEventListener("click", () => onPick(i + 1));
    grid.append(button);
  });
  return grid;
}

function paint({ values, nats }, side, theme) {
  const canvas = make("canvas", "", { width: side, height: side });
  const context = canvas.getContext("2d");
  const image = context.createImageData(side, side);
  const [paper, ink] = [theme.paper, theme.of.distortion.colour].map((colour) => bytes(colour));
  values.forEach((value, i) => {
    const share = Math.max(0, Math.min(1, nats ? value / nats : value));
    for (let k = 0; k < 3; k += 1) {
      image.data[4 * i + k] = nats ? paper[k] + share * (ink[k] - paper[k]) : 255 * share;
    }
    image.data[4 * i + 3] = 255;
  });
  context.putImageData(image, 0, 0);
  return canvas;
}

// Red, green and blue of any colour that CSS can write.
function bytes(colour) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 1;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  return context.getImageData(0, 0, 1, 1).data;
}
