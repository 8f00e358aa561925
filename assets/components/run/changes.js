// Where a reader has steered: each change of beta on the curves and on the trail.

import { segment } from "./axes.js";
import { crisp, haloText, setFont } from "./canvas.js";
import { setting } from "./format.js";
import { drawMark } from "./marks.js";

const APART_REM = 2.6; // names nearer than this to the one before are left out

/** The changes of beta up to a step: `[{step, beta}]`, from the config's pairs. */
export function changesUpTo(pairs, step) {
  return (pairs ?? []).filter(([at]) => at <= step).map(([at, beta]) => ({ step: at, beta }));
}

/** A dotted line across the chart at each change, with the new beta beside it. */
export function drawChanges(context, { theme, changes }, { x, plot, ratio }) {
  if (!changes.length) return;
  context.save();
  context.strokeStyle = theme.of.bound.text;
  context.lineWidth = 1.5;
  context.setLineDash([2, 3]);
  for (const { step } of changes) {
    const place = crisp(x.at(step), ratio);
    if (place >= plot.left - 1 && place <= plot.right + 1) segment(context, place, plot.top, place, plot.bottom);
  }
  context.restore();
  setFont(context, theme, 1, 600);
  context.fillStyle = theme.text;
  context.textAlign = "left";
  context.textBaseline = "bottom";
  const middle = (plot.top + plot.bottom) / 2;
  changes.forEach(({ step, beta }, i) => {
    const place = x.at(step);
    const text = `β ${setting(beta)}`;
    const end = place + context.measureText(text).width + 0.5 * theme.rem;
    // Of several in one place the last one counts.
    const isLast = i === changes.length - 1 || x.at(changes[i + 1].step) > end;
    if (!isLast || place < plot.left - 1 || end > plot.right) return;
    haloText(context, theme, text, place + 0.25 * theme.rem, middle);
  });
  setFont(context, theme);
  context.textBaseline = "alphabetic";
}

/**
 * A plus on the trail at each change, with the new beta beside it where there is room: inside the
 * plot, and clear of `head`, where the run is.
 */
export function drawTurns(context, { theme, changes, history, member }, { x, y, plot, head }) {
  const table = history.heldOut;
  const named = [];
  context.save();
  setFont(context, theme, 1, 600);
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (const { step, beta } of changes) {
    const place = [
      x.at(table.interpolated("rate", step, member)),
      y.at(table.interpolated("distortion", step, member)),
    ];
    if (!place.every(Number.isFinite)) continue;
    context.fillStyle = theme.paper;
    drawMark(context, "plus", ...place, 0.62 * theme.rem);
    context.fillStyle = theme.text;
    drawMark(context, "plus", ...place, 0.45 * theme.rem);
    const isFree = named.every(([px, py]) => Math.hypot(px - place[0], py - place[1]) > APART_REM * theme.rem);
    if (!isFree) continue;
    named.push(place);
    context.fillStyle = theme.text;
    const text = `β ${setting(beta)}`;
    const wide = context.measureText(text).width;
    const gap = 0.7 * theme.rem;
    const isClear = (left) => {
      const dx = Math.max(left - head[0], 0, head[0] - left - wide);
      const isInside = left >= plot.left && left + wide <= plot.right;
      return isInside && Math.hypot(dx, Math.max(0, Math.abs(place[1] - head[1]) - gap)) > gap;
    };
    const sides = [place[0] + gap, place[0] - gap - wide];
    const left = sides.find(isClear);
    if (left !== undefined) haloText(context, theme, text, left, place[1]);
  }
  context.restore();
}

/** The changes in words, for whoever does not see them. */
export function changeWords(changes) {
  if (!changes.length) return "";
  const words = changes.map(({ step, beta }) => `${setting(beta)} from step ${step}`);
  return ` β was set to ${words.join(", then ")}.`;
}
