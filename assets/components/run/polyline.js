// Long columns of reports as short paths: no more points than a screen has columns of pixels.

/**
 * Points of a curve within a range of steps, each a pair (pixel, value) in one flat array.
 *
 * Up to two points a pixel are kept as they are. Beyond that each column of pixels keeps its
 * first, lowest, highest and last value, which draws the same picture. One point on either side of
 * the range is kept, so that the path runs to the edge.
 */
export function polyline(steps, length, read, axis, width) {
  const [from, to] = visibleRows(steps, length, axis.low, axis.high);
  const points = [];
  if (to - from <= 2 * width) {
    for (let row = from; row < to; row += 1) {
      const value = read(row);
      if (Number.isFinite(value)) points.push(axis.at(steps[row]), value);
    }
    return points;
  }
  let column = -Infinity;
  let first, last, low, high;
  const flush = () => {
    if (column === -Infinity) return;
    points.push(column, first, column + 0.25, low, column + 0.5, high, column + 0.75, last);
  };
  for (let row = from; row < to; row += 1) {
    const value = read(row);
    if (!Number.isFinite(value)) continue;
    const pixel = Math.floor(axis.at(steps[row]));
    if (pixel !== column) {
      flush();
      column = pixel;
      first = low = high = value;
    }
    last = value;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  flush();
  return points;
}

function visibleRows(steps, length, low, high) {
  let from = 0;
  while (from < length && steps[from] < low) from += 1;
  let to = from;
  while (to < length && steps[to] <= high) to += 1;
  return [Math.max(0, from - 1), Math.min(length, to + 1)];
}

/** The lowest and highest value among points whose pixel lies within [start, end]. */
export function extent(points, start, end, range = [Infinity, -Infinity]) {
  let [low, high] = range;
  for (let i = 0; i < points.length; i += 2) {
    if (points[i] < start - 0.5 || points[i] > end + 0.5) continue;
    low = Math.min(low, points[i + 1]);
    high = Math.max(high, points[i + 1]);
  }
  return [low, high];
}

/** Add a path through points to a context; `y` maps values to pixels. */
export function trace(context, points, y) {
  context.beginPath();
  for (let i = 0; i < points.length; i += 2) context.lineTo(points[i], y(points[i + 1]));
}
