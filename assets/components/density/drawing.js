// What a reader draws: points of a square, as the address writes them.

const LEAST_APART = 3.2; // in hundredths of the square's side
export const SQUARE = 3; // half its side

/** Points of a drawing, each [x, y] from 0 to 100. */
export function read(text) {
  return text.split(" ").filter(Boolean).map((piece) => piece.split(",").map(Number));
}

export function write(points) {
  return points.map((point) => point.join(",")).join(" ");
}

/** A place of the picture as a point of the square. */
export function pointAt(x, y) {
  return [x, y].map((value) => Math.max(0, Math.min(100, Math.round(((value + SQUARE) * 100) / (2 * SQUARE)))));
}

/** A point of the square as a place of the picture. */
export function placeOf(point) {
  return point.map((value) => (value * 2 * SQUARE) / 100 - SQUARE);
}

/** The points with another one, unless it is close to the last or there are too many. */
export function added(points, point, most) {
  const last = points.at(-1);
  const isClose = last && Math.hypot(point[0] - last[0], point[1] - last[1]) < LEAST_APART;
  return isClose || points.length >= most ? points : [...points, point];
}
