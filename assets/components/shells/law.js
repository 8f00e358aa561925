// The law of the radius of a Gaussian in d dimensions, as `core/shells.py` has it, line by line.

const HALF_LOG_2_PI = 0.5 * Math.log(2 * Math.PI);
const SHORTEST = -700; // logarithm of the shortest length

/** By how much x - 1 exceeds log x at x = 1 + e, with all its digits near e = 0. */
export function surplus(e) {
  if (Math.abs(e) >= 0.2) return e - Math.log1p(e);
  const s = e / (2 + e);
  let series = 0;
  for (let k = 19; k > 1; k -= 2) series = 1 / k + s * s * series;
  return s * (e - 2 * s * s * series);
}

// log Gamma of a whole or half number below 20, and its remainder after Stirling from 20 on.
function logGamma(a) {
  let product = 1;
  for (let x = a - 1; x > 0; x -= 1) product *= x;
  return Math.log(product) + (a % 1 ? 0.5 * Math.log(Math.PI) : 0);
}

function stirling(a) {
  const u = 1 / (a * a);
  return (1 / 12 - u * (1 / 360 - u * (1 / 1260 - u * (1 / 1680 - u / 1188)))) / a;
}

/** The radius with the most mass around it. */
export const mode = (d) => Math.sqrt(d - 1);

// Brouncker's fraction, which is what d leaves of twice the squared mean.
function brouncker(x) {
  let tail = 2 * x;
  for (let odd = 39; odd > 1; odd -= 2) tail = 2 * x + (odd * odd) / tail;
  return 1 / tail;
}

/** Mean of the radius. */
export function mean(d) {
  if (d < 40) return Math.SQRT2 * Math.exp(logGamma((d + 1) / 2) - logGamma(d / 2));
  return Math.sqrt(d - 0.5 + brouncker(2 * d - 1) / 2);
}

/** Standard deviation of the radius. */
export function std(d) {
  return Math.sqrt(d < 40 ? d - mean(d) ** 2 : (1 - brouncker(2 * d - 1)) / 2);
}

/** Log-density of the radius, in nats. */
export function logDensity(r, d) {
  const log = Math.log(r);
  const power = d > 1 ? (d - 1) * log : 0;
  if (d < 40) return power - 0.5 * r * r - (d / 2 - 1) * Math.LN2 - logGamma(d / 2);
  const e = (r * r) / d - 1;
  const logs = log - 0.5 * Math.log(d);
  const found = Math.abs(e) < 0.5 ? -0.5 * d * surplus(e) - logs : -0.5 * d * e + (d - 1) * logs;
  return found - HALF_LOG_2_PI + 0.5 * Math.LN2 - stirling(d / 2);
}

// log of x^a exp(-x) / Gamma(a + 1)
function logTerm(a, x, logX) {
  if (a < 20) return a * logX - x - logGamma(a + 1);
  const e = (x - a) / a;
  const off = Math.abs(e) < 0.5 ? surplus(e) : e - logX + Math.log(a);
  return -a * off - HALF_LOG_2_PI - 0.5 * Math.log(a) - stirling(a);
}

function series(a, x) {
  let [total, term] = [1, 1];
  for (let n = a + 1; term > 1e-17 * total; n += 1) {
    term *= x / n;
    total += term;
  }
  return total;
}

function fraction(a, x) {
  let b = x + 1 - a;
  let c = Infinity;
  let d = 1 / b;
  let value = d;
  for (let i = 1; i < 100000; i += 1) {
    const an = -i * (i - a);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    value *= c * d;
    if (Math.abs(c * d - 1) < 1e-16) break;
  }
  return value;
}

// log(1 - exp(log))
function rest(log) {
  if (log >= 0) return -Infinity;
  return log > -0.7 ? Math.log(-Math.expm1(log)) : Math.log1p(-Math.exp(log));
}

/** Logarithms of the mass within a radius of the middle and of the rest: `[inside, outside]`. */
export function withinRadius(r, d) {
  const a = d / 2;
  const logX = 2 * Math.log(r) - Math.LN2;
  if (logX > 300) return [0, -Infinity];
  const x = r < 1e-100 ? Math.exp(logX) : (r * r) / 2;
  if (x < a + 1) {
    const inside = Math.min(0, logTerm(a, x, logX) + Math.log(series(a, x)));
    return [inside, rest(inside)];
  }
  const outside = Math.min(0, logTerm(a, x, logX) + Math.log(a) + Math.log(fraction(a, x)));
  return [rest(outside), outside];
}

/** The same within `eps` of the shell of radius sqrt(d). */
export function withinShell(eps, d) {
  const middle = Math.sqrt(d);
  if (eps <= 0.5) {
    const at = logDensity(middle, d);
    const ratio = (r) => Math.exp(logDensity(r, d) - at);
    const inside = at + Math.log(eps) + Math.log(simpson((u) => ratio(middle + eps * u)));
    return [inside, rest(inside)];
  }
  let outside = withinRadius(middle + eps, d)[1];
  if (eps < middle) outside = logAdd(outside, withinRadius(middle - eps, d)[0]);
  return [rest(outside), outside];
}

// The integral from -1 to 1 of a function that is smooth.
function simpson(f) {
  const steps = 200;
  let total = f(-1) + f(1);
  for (let i = 1; i < steps; i += 1) total += (i % 2 ? 4 : 2) * f(-1 + (2 * i) / steps);
  return (2 * total) / (3 * steps);
}

function logAdd(a, b) {
  const most = Math.max(a, b);
  return most === -Infinity ? most : most + Math.log1p(Math.exp(Math.min(a, b) - most));
}

/** Log-odds of a mass, which keep the digits of both sides. */
export const logOdds = ([inside, outside]) => inside - outside;

/** The length whose mass, by `mass(length)`, has these log-odds, or null if it is too short. */
export function lengthOf(mass, odds, start) {
  const fallsShort = (at) => logOdds(mass(Math.exp(at))) < odds;
  let low = Math.log(start);
  let high = low;
  for (let step = 0.5; !fallsShort(low); step *= 2) {
    if (low === SHORTEST) return null;
    low = Math.max(SHORTEST, low - step);
  }
  for (let step = 0.5; fallsShort(high); step *= 2) high += step;
  for (let i = 0; i < 60; i += 1) {
    const middle = (low + high) / 2;
    if (fallsShort(middle)) low = middle;
    else high = middle;
  }
  return Math.exp((low + high) / 2);
}

/** The radii between which 95 % of the mass lies. */
export function interval(d) {
  const odds = Math.log(39);
  return [-odds, odds].map((each) => lengthOf((r) => withinRadius(r, d), each, Math.sqrt(d)));
}

/** Density, per degree, of the angle between two draws in two dimensions or more. */
export function angleDensity(angle, d) {
  const sine = Math.sin((angle * Math.PI) / 180);
  return Math.exp((d - 2) * Math.log(sine)); // up to a factor: curves are drawn by their height
}
