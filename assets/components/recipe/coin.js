// A Beta law on its way: the prior, Bayes' posterior, and what has been learned so far.

import { framed, say, stroke, within } from "../divergence/frame.js";

/** Draw the three densities; the axes come back. */
export function drawCoin(context, theme, surface, { points, path, prior, posterior, turn }) {
  const { rem, of } = theme;
  const most = 1.15 * Math.min(40, Math.max(...posterior.slice(2, -2), ...path.at(-1).slice(2, -2), 1.5));
  const axes = framed(context, theme, surface, { x: [0, 1], y: [0, most], name: "θ, chance of heads", across: "density", key: `turn ${turn} of ${path.length - 1}` });
  const { plot, xAxis, yAxis } = axes;
  const line = (row) => points.map((point, i) => [xAxis.at(point), yAxis.at(Math.min(2 * most, row[i]))]);
  const laws = [
    { row: prior, text: "prior q(θ)", look: of.dream, width: 0.14, dash: of.dream.dash },
    { row: posterior, text: "Bayes’ posterior", look: of.bound, width: 0.3, dash: [2, 4] },
    { row: path[turn], text: "learned p(θ|D)", look: of.real, width: 0.2, dash: [] },
  ];
  within(context, plot, () => {
    fill(context, line(path[turn]), plot, of.real.colour);
    for (const { row, look, width, dash } of laws) stroke(context, theme, line(row), { colour: look.colour, width, dash });
  });
  laws.forEach(({ text, look, width, dash }, i) => {
    const y = plot.top + (1.3 + 1.4 * i) * rem;
    const [left, right] = [plot.left + 0.6 * rem, plot.left + 2.6 * rem];
    const sample = [[left, y - 0.35 * rem], [right, y - 0.35 * rem]];
    stroke(context, theme, sample, { colour: look.colour, width, dash });
    say(context, theme, text, right + 0.5 * rem, y, { align: "left", colour: look.text, weight: 600 });
  });
  return axes;
}

function fill(context, points, plot, colour) {
  context.save();
  context.beginPath();
  context.moveTo(points[0][0], plot.bottom);
  for (const [x, y] of points) context.lineTo(x, y);
  context.lineTo(points.at(-1)[0], plot.bottom);
  context.globalAlpha = 0.15;
  context.fillStyle = colour;
  context.fill();
  context.restore();
}
