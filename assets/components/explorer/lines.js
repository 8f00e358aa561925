// Ways between two codes, and how far from zero the prior has its mass.

/** Length of a code. */
export function length(z) {
  return Math.hypot(...z);
}

/** The code a share `t` of the straight way from `a` to `b`. */
export function straight(a, b, t) {
  return a.map((value, j) => (1 - t) * value + t * b[j]);
}

/**
 * The code a share `t` of the way along the sphere: the direction turns evenly from that of `a` to
 * that of `b`, and the length changes evenly. Where no arc is the shortest, or one end is zero,
 * the straight way is left.
 */
export function along(a, b, t) {
  const [la, lb] = [length(a), length(b)];
  const cosine = a.reduce((sum, value, j) => sum + value * b[j], 0) / (la * lb);
  const angle = Math.acos(Math.max(-1, Math.min(1, cosine)));
  const sine = Math.sin(angle);
  if (!(la * lb > 0) || sine < 1e-6) return straight(a, b, t);
  const radius = (1 - t) * la + t * lb;
  const [wa, wb] = [Math.sin((1 - t) * angle) / sine / la, Math.sin(t * angle) / sine / lb];
  return a.map((value, j) => radius * (wa * value + wb * b[j]));
}

/** Mean and standard deviation of the length of a code from N(0, I) in `latent` dimensions. */
export function priorRadius(latent) {
  let mean = latent % 2 ? Math.sqrt(2 / Math.PI) : Math.sqrt(Math.PI / 2);
  for (let d = latent % 2 ? 1 : 2; d < latent; d += 2) mean *= (d + 1) / d;
  return { mean, spread: Math.sqrt(latent - mean ** 2) };
}
