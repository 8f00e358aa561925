// Which part of the R-D plane to show, so that the trail and the slope of the level line are seen.

import { padded } from "./scales.js";

const FLATTEST = 0.36; // the level line's slope on screen, where the scales can be chosen so
const WIDEST = 2; // how much wider than the trail an axis may get for that
const BEGINNING = 0.6; // the share of the looks that may leave the view once they are past

/**
 * The ranges of rate and distortion for a scene, given the plot's pixels.
 *
 * All of the trail is shown, and those of other runs, with R from zero. Where its beginning was so far away that the level
 * line would lie flat, the view leaves the beginning behind as soon as it has been played.
 */
export function planeRange({ history, member, beta, row, others }, plot) {
  const table = history.heldOut;
  const shape = (plot.bottom - plot.top) / Math.max(1, plot.right - plot.left);
  const latest = Math.min(row, Math.floor(BEGINNING * (table.length - 1)));
  let range;
  for (let first = 0; ; first = Math.min(latest, Math.ceil(1.5 * first + 1))) {
    const found = visited(table, member, first);
    for (const other of others) {
      const held = other.history.heldOut;
      visited(held, member, first === 0 ? 0 : held.lowerBound(table.steps[first]), found);
    }
    range = fitted(found, beta, shape);
    const isFlat = beta > 0 && range.slope < 0.8 * FLATTEST;
    if (!isFlat || first >= latest) return range;
  }
}

function fitted({ most, low: least, high: worst }, beta, shape) {
  let wide = Math.max(1.12 * most, 0.5);
  const [low, high] = padded(least, worst, 0.1);
  let tall = Math.max(high - low, 0.5);
  const slope = () => (beta * shape * wide) / tall;
  if (beta > 0 && slope() < FLATTEST) wide *= Math.min(WIDEST, FLATTEST / slope());
  if (beta > 0 && slope() > 1 / FLATTEST) tall *= Math.min(WIDEST, slope() * FLATTEST);
  // Room that was added goes below the trail, where the level line's name will stand.
  return { rate: [0, wide], distortion: [Math.min(low, high - tall), high], slope: slope() };
}

// The largest rate of a member from a row on, and its lowest and highest distortion.
function visited(table, member, first, found = { most: 0, low: Infinity, high: -Infinity }) {
  const rate = table.reader("rate", member);
  const distortion = table.reader("distortion", member);
  for (let row = first; row < table.length; row += 1) {
    if (!Number.isFinite(rate(row) + distortion(row))) continue;
    found.most = Math.max(found.most, rate(row));
    found.low = Math.min(found.low, distortion(row));
    found.high = Math.max(found.high, distortion(row));
  }
  return found;
}
