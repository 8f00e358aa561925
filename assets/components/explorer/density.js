// How densely the codes of all images lie in a plane, cell by cell.

/**
 * The aggregate posterior over a grid of two dimensions, as mean density in each cell, rows from
 * the top. Dimensions of a code are independent given the image, so a cell's mass is a mean of
 * products, and narrow codes are not missed between the points of a grid.
 *
 * `codes` holds `mean` and `logVar` image by image; `dims` are the two dimensions; the grid has
 * `cells` by `cells` cells from -half to half.
 */
export function gridDensity(codes, { latent, dims, half, cells }) {
  const count = codes.mean.length / latent;
  const [across, up] = dims.map((dim) => masses(codes, latent, dim, count, half, cells));
  const grid = new Float64Array(cells * cells);
  for (let i = 0; i < count; i += 1) {
    for (let row = 0; row < cells; row += 1) {
      const weight = up[i * cells + row];
      if (weight === 0) continue;
      const start = (cells - 1 - row) * cells;
      for (let column = 0; column < cells; column += 1) {
        grid[start + column] += weight * across[i * cells + column];
      }
    }
  }
  const area = ((2 * half) / cells) ** 2;
  for (let k = 0; k < grid.length; k += 1) grid[k] /= count * area;
  return grid;
}

/** The same of the prior N(0, I): one code of its own. */
export function priorDensity({ half, cells }) {
  const one = { mean: new Float64Array(2), logVar: new Float64Array(2) };
  return gridDensity(one, { latent: 2, dims: [0, 1], half, cells });
}

// The mass of each image's code along one dimension in each cell of it.
function masses({ mean, logVar }, latent, dim, count, half, cells) {
  const found = new Float64Array(count * cells);
  for (let i = 0; i < count; i += 1) {
    const centre = mean[i * latent + dim];
    const scale = Math.exp(-logVar[i * latent + dim] / 2) / Math.SQRT2;
    let before = erf((-half - centre) * scale);
    for (let cell = 0; cell < cells; cell += 1) {
      const after = erf((-half + (2 * half * (cell + 1)) / cells - centre) * scale);
      found[i * cells + cell] = (after - before) / 2;
      before = after;
    }
  }
  return found;
}

/** The error function, to 1.5e-7: Abramowitz & Stegun (1964), 7.1.26. */
export function erf(x) {
  const t = 1 / (1 + 0.3275911 * Math.abs(x));
  const terms = ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
  const value = 1 - terms * Math.exp(-x * x);
  return x < 0 ? -value : value;
}
