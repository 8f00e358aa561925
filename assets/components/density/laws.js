// Densities on a grid: mixtures of Gaussians, kernels and histograms, as Python describes them.

export const EDGE = 3.4; // pictures reach from minus this to this
export const SIDE = { 1: 241, 2: 64 }; // places along an axis
const REACH = 5; // cells of a histogram reach from minus this to this
const BROAD = 1.6; // standard deviation of the Gaussian behind one
const LOG_TWO_PI = Math.log(2 * Math.PI);

/** Places along an axis. */
export function places(dims) {
  const count = SIDE[dims];
  return Float64Array.from({ length: count }, (_, i) => -EDGE + (2 * EDGE * i) / (count - 1));
}

/** The density of a model on the grid, rows along the first axis; `samples` are what it stands on. */
export function onGrid(model, samples, dims) {
  const axis = places(dims);
  if (model.kind === "gaussians") return mixture(model, axis, dims);
  if (model.kind === "kernels") return kernels(model, samples, axis, dims);
  return histogram(model, samples, axis, dims);
}

function mixture({ shares, means, factors }, axis, dims) {
  const n = axis.length;
  const values = new Float64Array(n ** dims);
  shares.forEach((share, k) => {
    const [a, b, c] = factors[k]; // lower triangle: a; b, c
    const [mx, my] = means[k];
    const scale = (share * Math.exp((-dims / 2) * LOG_TWO_PI)) / (dims === 1 ? a : a * c);
    for (let i = 0; i < n; i += 1) {
      const u = (axis[i] - mx) / a;
      if (dims === 1) values[i] += scale * Math.exp(-0.5 * u * u);
      else if (Math.abs(u) < 7) {
        const shift = my + b * u;
        const high = scale * Math.exp(-0.5 * u * u);
        for (let j = 0; j < n; j += 1) {
          const v = (axis[j] - shift) / c;
          if (Math.abs(v) < 7) values[i * n + j] += high * Math.exp(-0.5 * v * v);
        }
      }
    }
  });
  return values;
}

// A kernel is the product of one along each axis.
function kernels({ width }, samples, axis, dims) {
  const n = axis.length;
  const high = 1 / (width * Math.sqrt(2 * Math.PI));
  const values = new Float64Array(n ** dims);
  const along = (at) => axis.map((x) => high * Math.exp((-0.5 * (x - at) ** 2) / width ** 2));
  for (const sample of samples) {
    const [first, second] = sample.map(along);
    for (let i = 0; i < n; i += 1) {
      const share = first[i] / samples.length;
      if (dims === 1) values[i] += share;
      else if (share > 1e-9) for (let j = 0; j < n; j += 1) values[i * n + j] += share * second[j];
    }
  }
  return values;
}

function histogram({ bins, equal, behind }, samples, axis, dims) {
  const n = axis.length;
  const cell = (x) => Math.max(0, Math.min(bins - 1, Math.floor(((x + REACH) * bins) / (2 * REACH))));
  const seen = new Float64Array(bins ** dims);
  const place = (point) => (dims === 1 ? cell(point[0]) : cell(point[0]) * bins + cell(point[1]));
  for (const sample of samples) seen[place(sample)] += 1 / samples.length;
  const height = (bins / (2 * REACH)) ** dims;
  const broad = axis.map((x) => Math.exp((-0.5 * x * x) / BROAD ** 2) / (BROAD * Math.sqrt(2 * Math.PI)));
  const of = (chance, low) => (1 - behind) * height * (equal / seen.length + (1 - equal) * chance) + behind * low;
  const values = new Float64Array(n ** dims);
  for (let i = 0; i < n; i += 1) {
    if (dims === 1) values[i] = of(seen[cell(axis[i])], broad[i]);
    else {
      for (let j = 0; j < n; j += 1) values[i * n + j] = of(seen[place([axis[i], axis[j]])], broad[i] * broad[j]);
    }
  }
  return values;
}

/** Straight pieces, as [x1, y1, x2, y2], of the line on which a density in a plane has a height. */
export function contour(values, level) {
  const axis = places(2);
  const n = axis.length;
  const pieces = [];
  const cross = (i, j, k, l) => {
    const [a, b] = [values[i * n + j], values[k * n + l]];
    const t = (level - a) / (b - a);
    return [axis[i] + t * (axis[k] - axis[i]), axis[j] + t * (axis[l] - axis[j])];
  };
  for (let i = 0; i + 1 < n; i += 1) {
    for (let j = 0; j + 1 < n; j += 1) {
      const corners = [[i, j], [i + 1, j], [i + 1, j + 1], [i, j + 1]];
      const isHigh = corners.map(([a, b]) => values[a * n + b] >= level);
      const ends = [];
      for (let side = 0; side < 4; side += 1) {
        const next = (side + 1) % 4;
        if (isHigh[side] !== isHigh[next]) ends.push(cross(...corners[side], ...corners[next]));
      }
      for (let end = 0; end + 1 < ends.length; end += 2) pieces.push([...ends[end], ...ends[end + 1]]);
    }
  }
  return pieces;
}
