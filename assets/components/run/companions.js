// How runs beside the one in front look: the same colours and dashes, for those say the quantity.
// Which run it is, say a letter on each line, and lines that grow thinner and fainter.

import { haloText, setFont } from "./canvas.js";
import { LETTERS } from "./company.js";
import { SERIES, valueTexts, within } from "./curves.js";
import { whole } from "./format.js";
import { drawMarkOnLine as drawMark } from "./marks.js";
import { trace } from "./polyline.js";

const APART = 1.7; // rem between the letters of two runs, so that they never meet
const LETTER = 0.85;

/** The weight of lines of the run at this rank, where 0 is the one in front. */
export function weight(rank) {
  return { width: [1, 0.72, 0.56, 0.42][rank], alpha: [1, 0.9, 0.8, 0.7][rank] };
}

/** The values of a run beside the one in front in words. */
export function values({ letter, label, history, row }, member) {
  const name = label ? `${letter}, ${label}` : letter;
  if (row < 0) return `${name}: nothing is measured yet.`;
  const [sum, distortion, rate] = valueTexts(history.heldOut, row, member);
  return `${name}, at step ${whole(history.heldOut.steps[row])}: ${distortion}, ${rate}, ${sum}.`;
}

/** Draw the held-out curves of a run as far as they have been played, and thinly what is ahead. */
export function drawCompanion(context, { theme }, { rank, shownStep }, { x, y, plot }, polylines) {
  const { left, right } = plot;
  const { width: share, alpha } = weight(rank);
  const at = shownStep < 0 ? left : x.at(shownStep);
  const head = Math.max(left, Math.min(right, at));
  const stroke = ({ meaning, heldOut }, width, opacity, dash) => {
    context.strokeStyle = theme.of[meaning].colour;
    context.lineWidth = width;
    context.globalAlpha = opacity;
    context.setLineDash(dash);
    trace(context, heldOut, y.at);
    context.stroke();
  };
  context.lineJoin = "round";
  within(context, plot, head, right, () => {
    for (const curve of polylines) stroke(curve, 0.75, 0.4 * alpha, []);
  });
  within(context, plot, left - 2, at >= right ? right + 2 : head, () => {
    for (const curve of polylines) stroke(curve, share * curve.width, alpha, theme.of[curve.meaning].dash);
  });
  context.globalAlpha = 1;
  context.setLineDash([]);
}

/** A letter on each line near its end, and a mark at the end of those beside the one in front. */
export function drawLetters(context, scene, frame) {
  if (!scene.others.length) return;
  const { theme, member } = scene;
  const all = [{ ...scene, letter: LETTERS[0], rank: 0 }, ...scene.others];
  setFont(context, theme, LETTER, 600);
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (const { run, place } of seats(all.filter(({ row }) => row >= 0), frame, APART * theme.rem)) {
    for (const { name, meaning } of SERIES) {
      const heightOf = (step) => frame.y.at(run.history.heldOut.interpolated(name, step, member));
      if (run.rank > 0) drawEnd(context, theme, theme.of[meaning], run, heightOf(run.shownStep), frame);
      const step = frame.x.value(place);
      if (step > run.history.lastStep) continue;
      drawLetter(context, theme, theme.of[meaning], run.letter, place, heightOf(step), frame);
    }
  }
  setFont(context, theme);
}

function drawEnd(context, theme, look, { shownStep, rank }, height, { x, plot }) {
  const place = x.at(shownStep);
  if (!isInside(place, height, plot)) return;
  context.fillStyle = look.colour;
  context.globalAlpha = weight(rank).alpha;
  drawMark(context, look.mark, place, height, 0.27 * theme.rem, theme.paper);
  context.globalAlpha = 1;
}

// Where along the steps the letters stand: before the ends of their lines, and side by side.
function seats(runs, { x, plot }, apart) {
  const end = ({ shownStep }) => Math.min(plot.right, x.at(shownStep));
  const order = [...runs].sort((a, b) => end(a) - end(b) || a.rank - b.rank);
  const places = order.map((run) => end(run) - 0.7 * apart);
  for (let i = places.length - 2; i >= 0; i -= 1) places[i] = Math.min(places[i], places[i + 1] - apart);
  for (let i = 0; i < places.length; i += 1) {
    places[i] = Math.max(places[i], i ? places[i - 1] + apart : plot.left + 0.4 * apart);
  }
  return order.map((run, i) => ({ run, place: places[i] }));
}

function drawLetter(context, theme, look, letter, place, height, { plot }) {
  if (!isInside(place, height, plot)) return;
  context.fillStyle = look.text;
  haloText(context, theme, letter, place, height, 0.34);
}

function isInside(place, height, { left, right, top, bottom }) {
  return place >= left - 1 && place <= right + 1 && height >= top - 1 && height <= bottom + 1;
}
