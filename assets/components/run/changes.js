// Where a reader has steered, or trained a run on: each change on the curves and on the trail.

import { segment } from "./axes.js";
import { crisp, haloText, setFont } from "./canvas.js";
import { setting, whole } from "./format.js";
import { drawMark } from "./marks.js";

const APART_REM = 2.6; // names nearer than this to the one before are left out

/** What was changed by hand up to a step: `[{step, text, words}]`, in the order of the steps. */
export function changesUpTo(config, step) {
  const found = (config?.beta_changes ?? []).map(([at, beta]) => ({
    step: at,
    text: `β ${setting(beta)}`,
    words: `β was set to ${setting(beta)} from step ${whole(at)}`,
  }));
  let end = config?.steps ?? 0;
  for (const [more] of config?.segments ?? []) {
    found.push({ step: end, text: "trained on", words: `it was trained on from step ${whole(end)}` });
    end += more;
  }
  return found.filter((change) => change.step <= step).sort((a, b) => a.step - b.step);
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
  changes.forEach(({ step, text }, i) => {
    const place = x.at(step);
    const wide = context.measureText(text).width + 0.5 * theme.rem;
    const end = place + wide;
    // Of several in one place the last one counts; the newest is named on its other side, if need be.
    const isNewest = i === changes.length - 1;
    const isLast = isNewest || x.at(changes[i + 1].step) > end;
    if (!isLast || place < plot.left - 1 || place > plot.right + 1 || (end > plot.right && !isNewest)) return;
    haloText(context, theme, text, end > plot.right ? place - wide + 0.25 * theme.rem : place + 0.25 * theme.rem, middle);
  });
  setFont(context, theme);
  context.textBaseline = "alphabetic";
}

/**
 * A plus on the trail at each change, with the new beta beside it where there is room: inside the
 * plot, clear of the other marks and of `head`, where the run is. Of several in one place the last
 * one is named. Returns points that other words should leave free.
 */
export function drawTurns(context, { theme, changes, history, member }, { x, y, plot, head }) {
  const { rem } = theme;
  const table = history.heldOut;
  const at = (name, step) => table.interpolated(name, step, member);
  const turns = changes
    .map(({ step, text }) => ({ text, place: [x.at(at("rate", step)), y.at(at("distortion", step))] }))
    .filter(({ place }) => place.every(Number.isFinite));
  context.save();
  setFont(context, theme, 1, 600);
  context.textAlign = "left";
  context.textBaseline = "middle";
  for (const { place } of turns) {
    context.fillStyle = theme.paper;
    drawMark(context, "plus", ...place, 0.62 * rem);
    context.fillStyle = theme.text;
    drawMark(context, "plus", ...place, 0.45 * rem);
  }
  const taken = [{ place: head }, ...turns].map(({ place }) => boxAround(...place, 0.6 * rem));
  turns.reverse().forEach(({ text, place: [px, py] }, i) => {
    const isLater = turns.slice(0, i).some(({ place }) => Math.hypot(place[0] - px, place[1] - py) < APART_REM * rem);
    if (isLater) return;
    const wide = context.measureText(text).width;
    const high = 0.6 * rem;
    const seats = [
      [px + 0.75 * rem, py],
      [px - 0.75 * rem - wide, py],
      [px - wide / 2, py - 1.2 * rem],
      [px - wide / 2, py + 1.2 * rem],
    ];
    const boxOf = ([left, middle]) => ({ left, right: left + wide, top: middle - high, bottom: middle + high });
    const inside = seats.filter((each) => isInside(boxOf(each), plot));
    // The newest is named wherever there is room at all.
    const seat = inside.find((each) => !taken.some((other) => overlap(boxOf(each), other))) ?? (i ? null : inside[0]);
    if (!seat) return;
    haloText(context, theme, text, ...seat);
    taken.push({ left: seat[0], right: seat[0] + wide, top: seat[1] - high, bottom: seat[1] + high });
  });
  context.restore();
  return taken.flatMap(({ left, right, top, bottom }) => {
    const middle = (top + bottom) / 2;
    return [left, (left + right) / 2, right].map((at) => [at, middle]);
  });
}

function boxAround(x, y, half) {
  return { left: x - half, right: x + half, top: y - half, bottom: y + half };
}

function isInside(box, plot) {
  return box.left >= plot.left && box.right <= plot.right && box.top >= plot.top && box.bottom <= plot.bottom;
}

function overlap(one, other) {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}

/** The changes in words, for whoever does not see them. */
export function changeWords(changes) {
  if (!changes.length) return "";
  return ` By hand: ${changes.map(({ words }) => words).join(", then ")}.`;
}
