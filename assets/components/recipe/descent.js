// A minimisation: the joint divergence and the marginal under it by turns, and the terms as bars.

import { framed, hatch, say, stroke, within } from "../divergence/frame.js";
import { drawMark, drawMarkOnLine } from "../run/marks.js";
import { axis } from "../run/scales.js";

const MARKS = { objective: "○", real: "●", bound: "+" };
const MOST_MARKS = 24; // along a curve
const FEWEST = 4; // turns along the axis, so that its numbers are whole
const AHEAD = 0.3; // how much there is to be seen of turns that are still to be taken

/** Draw curves and bars; the axis of turns comes back. */
export function drawDescent(context, theme, surface, { curves, bars, turn, whose }) {
  const { rem } = theme;
  const isNarrow = surface.width < 26 * rem;
  const chart = isNarrow
    ? { width: surface.width, height: 0.55 * surface.height }
    : { width: 0.55 * surface.width, height: surface.height };
  const axes = drawCurves(context, theme, { ...chart, ratio: surface.ratio }, curves, turn, whose);
  const box = isNarrow
    ? { left: 0, top: chart.height + rem, right: surface.width, bottom: surface.height }
    : { left: chart.width + 1.6 * rem, top: 0, right: surface.width - 0.3 * rem, bottom: surface.height };
  drawBars(context, theme, box, bars, curves[0], turn);
  return axes;
}

function drawCurves(context, theme, surface, curves, turn, whose) {
  const { rem, of } = theme;
  const count = curves[0].values.length - 1;
  const most = 1.1 * Math.max(1e-3, ...curves.flatMap(({ values }) => values));
  const key = curves.map(({ role }, i) => `${MARKS[role]} ${["all", "seen", "objective − least"][i]}`).join("   ");
  const axes = framed(context, theme, surface, { x: [0, Math.max(FEWEST, count)], y: [0, most], name: "turn", across: "nats", key });
  const { plot, xAxis, yAxis } = axes;
  const each = Math.ceil(count / MOST_MARKS);
  const lines = curves.map(({ values }) => values.map((value, i) => [xAxis.at(i), yAxis.at(value)]));
  const taken = lines.map((line) => line.slice(0, turn + 1));
  if (turn) between(context, theme, taken[0], taken[1]);
  stroke(context, theme, [[xAxis.at(turn), plot.top], [xAxis.at(turn), plot.bottom]], { colour: of.bound.colour, dash: of.bound.dash, width: 0.12 });
  curves.forEach(({ role }, i) => {
    const { colour, mark } = of[role];
    const look = { colour, width: i ? 0.14 : 0.22, dash: i > 1 ? of.bound.dash : [] };
    within(context, { ...plot, bottom: plot.bottom + 4, left: plot.left - 4, right: plot.right + 4 }, () => {
      if (turn) stroke(context, theme, taken[i], look);
      if (turn < count) stroke(context, theme, lines[i].slice(turn), { ...look, alpha: AHEAD });
    });
    lines[i].forEach(([x, y], step) => {
      if (step % each && step !== turn) return;
      context.globalAlpha = step > turn ? AHEAD : 1;
      context.fillStyle = colour;
      drawMarkOnLine(context, mark, x, y, (step === turn ? 0.5 : 0.28) * rem, theme.paper);
    });
    context.globalAlpha = 1;
  });
  if (whose[turn]) {
    const isLate = xAxis.at(turn) > (plot.left + plot.right) / 2;
    say(context, theme, whose[turn], xAxis.at(turn) + (isLate ? -0.5 : 0.5) * rem, plot.top + 0.9 * rem, { align: isLate ? "right" : "left", weight: 600 });
  }
  return axes;
}

// What only those see who see everything.
function between(context, theme, upper, lower) {
  context.save();
  context.beginPath();
  for (const [x, y] of [...upper, ...[...lower].reverse()]) context.lineTo(x, y);
  context.closePath();
  context.globalAlpha = 0.7;
  context.fillStyle = hatch(context, theme, theme.of.bound.colour);
  context.fill();
  context.restore();
}

function drawBars(context, theme, box, bars, joint, turn) {
  const { rem, of } = theme;
  say(context, theme, "the terms, in nats", box.left, box.top + 0.95 * rem, { align: "left", colour: of.bound.text });
  const every = bars.flatMap(({ values }) => values);
  const [low, high] = [Math.min(0, ...every), Math.max(0, ...every, ...joint.values)];
  const step = Math.min(2.6 * rem, (box.bottom - box.top - 1.6 * rem) / (bars.length + 1));
  const names = Math.max(...bars.map(({ symbol }) => context.measureText(symbol).width), context.measureText("KL[P; Q]").width);
  const wide = Math.max(...[...bars, joint].flatMap(({ texts }) => texts).map((text) => context.measureText(text).width));
  const room = { left: box.left + names + 0.8 * rem, right: box.right - wide - 1.4 * rem };
  const xAxis = axis(low, high, room.left, room.right);
  const rows = [
    ...bars.map((bar) => ({ ...bar, look: of[bar.isDropped ? "bound" : bar.role] })),
    { symbol: "KL[P; Q]", values: joint.values, texts: joint.texts, look: of.objective, isSum: true },
  ];
  rows.forEach((row, i) => {
    const y = box.top + 1.6 * rem + (i + 0.5) * step;
    drawBar(context, theme, xAxis, row, { y, thick: 0.56 * step, left: box.left, right: box.right }, turn);
  });
  const foot = box.top + 1.6 * rem + rows.length * step;
  stroke(context, theme, [[xAxis.at(0), box.top + 1.6 * rem], [xAxis.at(0), foot]], { colour: theme.text, width: 0.06 });
}

function drawBar(context, theme, xAxis, { symbol, values, texts, look, isDropped, isSum }, { y, thick, left, right }, turn) {
  const { rem } = theme;
  const [from, to] = [xAxis.at(0), xAxis.at(values[turn])].sort((a, b) => a - b);
  say(context, theme, symbol, left, y + 0.35 * rem, { align: "left", colour: look.text, weight: 600 });
  context.fillStyle = isDropped ? hatch(context, theme, look.colour) : look.colour;
  context.fillRect(from, y - thick / 2, to - from, thick);
  if (!isSum && to > from) {
    context.fillStyle = look.colour;
    drawMark(context, look.mark, xAxis.at(values[turn]), y, 0.3 * rem);
  }
  say(context, theme, texts[turn], right, y + 0.35 * rem, { align: "right", weight: isSum ? 600 : 400 });
}
