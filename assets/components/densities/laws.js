// Log-densities, as `core/densities.py` and the families of the lesson have them.

const HALF_LOG_TWO_PI = 0.5 * Math.log(2 * Math.PI);

/** The families, each a function of a place, a centre, a scale, a distance and a share. */
const FAMILIES = {
  Normal: normal,
  "Student, 3 degrees": (x, mean, scale) => student(x, mean, scale, 3, Math.log(2 / (Math.PI * Math.sqrt(3)))),
  "Student, 1 degree": (x, mean, scale) => student(x, mean, scale, 1, -Math.log(Math.PI)),
  Uniform: (x, mean, scale) => (Math.abs(x - mean) <= scale ? -Math.log(2 * scale) : -Infinity),
  "Two normals": (x, mean, scale, apart, share) => {
    const low = Math.log(share) + normal(x, mean - apart / 2, scale);
    const high = Math.log(1 - share) + normal(x, mean + apart / 2, scale);
    const most = Math.max(low, high);
    return most + Math.log(Math.exp(low - most) + Math.exp(high - most));
  },
};

/** Logarithm of the density of a law at a place. */
export function logDensity({ family, mean, scale, apart, share }, x) {
  return FAMILIES[family](x, mean, scale, apart, share);
}

/** Places where the density of a law jumps. */
export function jumps({ family, mean, scale }) {
  return family === "Uniform" ? [mean - scale, mean + scale] : [];
}

/** Where a law is densest, [x, density]: at its centre, or between the centres of its parts. */
export function peak(law) {
  const reach = law.family === "Two normals" ? law.apart / 2 : 0;
  const places = Array.from({ length: 41 }, (_, i) => law.mean + (reach * (i - 20)) / 20);
  const densities = places.map((x) => Math.exp(logDensity(law, x)));
  const most = Math.max(...densities);
  return [places[densities.indexOf(most)], most];
}

function normal(x, mean, scale) {
  const z = (x - mean) / scale;
  return -0.5 * z * z - Math.log(scale) - HALF_LOG_TWO_PI;
}

// `constant` is the logarithm of the density at the centre, for a scale of one.
function student(x, mean, scale, freedom, constant) {
  const z = (x - mean) / scale;
  return constant - Math.log(scale) - ((freedom + 1) / 2) * Math.log1p((z * z) / freedom);
}
