// From one draw to another: the radius along both ways, and what a decoder makes of them.

import { framed, say, stroke, within } from "../divergence/frame.js";
import { drawMark } from "../run/marks.js";
import { drawTile } from "./images.js";

/** Two ways over the band where draws lie, with the decoded images under them if there are any. */
export function drawBetween(context, theme, surface, { d, of: _, place, step, straight, spherical, hasSphere, band, tiles }, isAsked) {
  const { rem, of } = theme;
  const side = tiles ? Math.min(2.6 * rem, (surface.width - 4.5 * rem) / tiles[0].length) : 0;
  const box = { width: surface.width, height: surface.height - (tiles ? 2 * side + 0.9 * rem : 0), ratio: surface.ratio };
  const most = 1.22 * Math.max(band[1], ...spherical);
  const { plot, xAxis, yAxis } = framed(context, theme, box, { x: [0, 1], y: [0, most], name: "t", across: `radius, in ${d.toLocaleString("en")} ${d === 1 ? "dimension" : "dimensions"}`, key: "drag along the ways" });
  const points = (row) => row.map((value, i) => [xAxis.at(i * step), yAxis.at(value)]);
  context.globalAlpha = 0.2;
  context.fillStyle = theme.text;
  context.fillRect(plot.left, yAxis.at(band[1]), plot.right - plot.left, yAxis.at(band[0]) - yAxis.at(band[1]));
  context.globalAlpha = 1;
  within(context, plot, () => {
    stroke(context, theme, [[xAxis.at(place), plot.top], [xAxis.at(place), plot.bottom]], { colour: of.bound.colour, dash: [2, 4], width: 0.12 });
    if (hasSphere) stroke(context, theme, points(spherical), { colour: of.dream.colour, dash: of.dream.dash, width: 0.2 });
    stroke(context, theme, points(straight), { colour: of.distortion.colour, width: 0.2 });
  });
  say(context, theme, "95 % of draws", plot.right - 0.4 * rem, yAxis.at(band[1]) - 0.4 * rem, { align: "right" });
  const i = Math.round(place / step);
  const low = Math.round(0.3 * (straight.length - 1));
  say(context, theme, "straight", xAxis.at(low * step) - 0.4 * rem, yAxis.at(straight[low]) + 1.4 * rem, { align: "right", colour: of.distortion.text, weight: 600 });
  if (hasSphere) {
    say(context, theme, "along the sphere", xAxis.at(0.02), yAxis.at(Math.max(band[1], spherical[0])) - 0.4 * rem, { align: "left", colour: of.dream.text, weight: 600 });
    context.fillStyle = of.dream.colour;
    drawMark(context, "square", xAxis.at(place), yAxis.at(spherical[i]), 0.5 * rem);
  }
  context.fillStyle = of.distortion.colour;
  drawMark(context, "triangle", xAxis.at(place), yAxis.at(straight[i]), 0.5 * rem);
  if (isAsked && !tiles && d !== _) say(context, theme, "two draws of these dimensions come on release", (plot.left + plot.right) / 2, plot.bottom - rem);
  if (tiles) drawRows(context, theme, { tiles, side, top: box.height + 0.3 * rem, plot, place });
  return { plot, xAxis, yAxis };
}

function drawRows(context, theme, { tiles, side, top, plot, place }) {
  const { rem, of } = theme;
  const looks = [[of.distortion, "triangle"], [of.dream, "square"]];
  const gap = (plot.right - plot.left - side) / (tiles[0].length - 1);
  const here = Math.round(place * (tiles[0].length - 1));
  tiles.forEach((row, which) => {
    const y = top + which * (side + 0.3 * rem);
    context.fillStyle = looks[which][0].colour;
    drawMark(context, looks[which][1], plot.left - 0.9 * rem, y + side / 2, 0.4 * rem);
    row.forEach((tile, i) => {
      const x = plot.left + i * gap;
      drawTile(context, tile, x, y, side);
      if (i !== here) return;
      context.strokeStyle = looks[which][0].colour;
      context.lineWidth = 0.2 * rem;
      context.strokeRect(x, y, side, side);
    });
  });
}
