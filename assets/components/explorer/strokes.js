// From a drawing to an image of the data set: scaled, placed and inked as its images were.

const PEN = 0.09; // width of the pen, where the pad is one wide

/** What is done to a drawing for each data set, in words. */
export const PREPARED = {
  digits:
    "Stretched into a box of 20 by 32 dots in the middle of 32 by 32, the pen widened until as many dots are inked as in the digits, then counted in blocks of 4 by 4: 17 levels.",
  mnist:
    "Scaled into 20 by 20 pixels, its shape kept, and moved until its centre of mass is in the middle of 28 by 28.",
  fashion_mnist:
    "Scaled to 28 pixels along its longer side, its shape kept, and moved until its centre of mass is in the middle. A drawing of lines is no picture of clothes.",
  sprites: "Taken as it stands, at 28 by 28 pixels: the shapes of this data set have their own places and sizes.",
};

const DIGIT_INK = 313; // dots of 1,024 that the digits have inked, on average
const USUAL_WIDTH = 2.3; // dots from the middle of a digit's line to its edge
const THIN = 0.5; // lines thinner than this share of it are no digit's

/**
 * The image that a drawing becomes, pixels from 0 to 1, or null while there is none.
 *
 * `strokes` are lists of points [x, y] in the unit square, from its top left.
 */
export function prepared(strokes, dataset, side) {
  const drawn = strokes.filter((stroke) => stroke.length);
  if (!drawn.length) return null;
  if (dataset === "digits") return counted(drawn, side);
  if (dataset === "sprites") return inked(drawn, side, PEN * side, (point) => point.map((v) => v * side));
  return centred(drawn, side, dataset === "mnist" ? 20 : 28);
}

/**
 * Where the lines of a drawing are so long that they had to be made much thinner than a digit's to
 * have its ink, by how much, as a sentence; or "".
 */
export function thinned(strokes, dataset, side) {
  const drawn = strokes.filter((stroke) => stroke.length);
  if (dataset !== "digits" || !drawn.length) return "";
  const { width } = boxed(drawn, side);
  const share = Math.max(width, 0.2) / USUAL_WIDTH;
  return share < THIN ? `its lines had to be made ${(1 / share).toFixed(1)} times thinner than a digit's to have its ink.` : "";
}

// As NIST prepared the digits: both directions stretched to a box, strokes made equally strong.
function counted(strokes, side) {
  const { distances, dots, width } = boxed(strokes, side);
  const image = new Float32Array(side * side);
  distances.forEach((distance, i) => {
    if (distance <= width) image[Math.floor(i / dots / 4) * side + Math.floor((i % dots) / 4)] += 1 / 16;
  });
  return image;
}

// A drawing in the box of a digit: how far each dot is from its lines, and half the width at which
// as many are inked as in the digits, both in dots.
function boxed(strokes, side) {
  const dots = 4 * side;
  const margin = 2.5; // half a stroke of the usual strength
  const box = boundsOf(strokes);
  const place = (wide, at) => (value) => {
    const extent = box.high[at] - box.low[at];
    const share = extent > 0.02 ? (value - box.low[at]) / extent : 0.5;
    return dots / 2 - wide / 2 + margin + share * (wide - 2 * margin);
  };
  const [x, y] = [place(20, 0), place(32, 1)];
  const distances = distancesTo(strokes.map((stroke) => stroke.map(([a, b]) => [x(a), y(b)])), dots);
  const width = Float64Array.from(distances).sort()[DIGIT_INK - 1];
  return { distances, dots, width };
}

// As LeCun and others prepared MNIST: a box, then the centre of mass in the middle.
function centred(strokes, side, wide) {
  const box = boundsOf(strokes);
  const extent = Math.max(box.high[0] - box.low[0], box.high[1] - box.low[1]) + PEN;
  const scale = wide / extent;
  const middle = box.low.map((low, at) => (low + box.high[at]) / 2);
  let shift = [0, 0];
  let image = null;
  for (let turn = 0; turn < 2; turn += 1) {
    image = inked(strokes, side, PEN * scale, (point) =>
      point.map((value, at) => side / 2 + (value - middle[at]) * scale + shift[at]));
    const mass = massOf(image, side);
    shift = shift.map((value, at) => value + (side / 2 - mass[at]));
  }
  return image;
}

// A pen of this width in pixels, its edge as soft as a pixel is wide.
function inked(strokes, side, width, place) {
  const distances = distancesTo(strokes.map((stroke) => stroke.map(place)), side);
  return Float32Array.from(distances, (distance) => Math.max(0, Math.min(1, width / 2 + 0.5 - distance)));
}

/** Distance of the middle of each pixel to the nearest line of a drawing, in pixels. */
function distancesTo(strokes, side) {
  const found = new Float64Array(side * side).fill(Infinity);
  for (const stroke of strokes) {
    for (let k = 0; k < Math.max(1, stroke.length - 1); k += 1) {
      const [ax, ay] = stroke[k];
      const [bx, by] = stroke[Math.min(k + 1, stroke.length - 1)];
      const [dx, dy] = [bx - ax, by - ay];
      const square = dx * dx + dy * dy;
      for (let i = 0; i < found.length; i += 1) {
        const [px, py] = [(i % side) + 0.5 - ax, Math.floor(i / side) + 0.5 - ay];
        const share = square > 0 ? Math.max(0, Math.min(1, (px * dx + py * dy) / square)) : 0;
        const distance = (px - share * dx) ** 2 + (py - share * dy) ** 2;
        if (distance < found[i]) found[i] = distance;
      }
    }
  }
  return found.map(Math.sqrt);
}

function boundsOf(strokes) {
  const points = strokes.flat();
  const ends = (pick) => [0, 1].map((at) => pick(...points.map((point) => point[at])));
  return { low: ends(Math.min), high: ends(Math.max) };
}

function massOf(image, side) {
  let [total, x, y] = [0, 0, 0];
  image.forEach((value, i) => {
    total += value;
    x += value * ((i % side) + 0.5);
    y += value * (Math.floor(i / side) + 0.5);
  });
  return total > 0 ? [x / total, y / total] : [side / 2, side / 2];
}

/** The distance of an image to the nearest of many bytes' images, pixels from 0 to 1. */
export function nearest(image, images) {
  let best = Infinity;
  for (let start = 0; start < images.length; start += image.length) {
    let sum = 0;
    for (let i = 0; i < image.length && sum < best; i += 1) {
      sum += (image[i] - images[start + i] / 255) ** 2;
    }
    best = Math.min(best, sum);
  }
  return Math.sqrt(best);
}

/** The share of some values that are smaller than this one. */
export function shareBelow(value, values) {
  return values.reduce((count, other) => count + (other < value), 0) / values.length;
}

export { PEN };
