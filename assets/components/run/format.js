// Numbers as they are shown: true minus signs, nothing for what is not known, sums that add up.

export const UNKNOWN = "–";

const GROUPED = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** A number with so many decimals, or an en dash where there is none. */
export function fixed(value, decimals = 1) {
  if (value === null || value === undefined || !Number.isFinite(value)) return UNKNOWN;
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** Texts of some numbers and their sum, with so many decimals, up to four more, that they add up as shown. */
export function addingUp(parts, decimals = 2) {
  const all = [...parts, parts.reduce((sum, value) => sum + value, 0)];
  for (let more = decimals; more <= decimals + 4; more += 1) {
    const shown = all.map((value) => Number(value.toFixed(more)));
    const apart = shown.slice(0, -1).reduce((rest, value) => rest - value, shown.at(-1));
    if (Math.abs(apart) < 0.5 * 10 ** -more) return all.map((value) => fixed(value, more));
  }
  return all.map((value) => fixed(value, decimals));
}

/** A whole number with its thousands apart. */
export function whole(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return UNKNOWN;
  return GROUPED.format(value).replace("-", "−");
}

/** A setting such as beta: as short as four significant digits allow. */
export function setting(value) {
  if (!Number.isFinite(value)) return UNKNOWN;
  return String(Number(value.toPrecision(4))).replace("-", "−");
}

/** A tick of an axis: thousands as k, millions as M, and no needless zeros. */
export function tick(value) {
  const size = Math.abs(value);
  if (size >= 1e6) return `${setting(value / 1e6)}M`;
  if (size >= 1e3) return `${setting(value / 1e3)}k`;
  return setting(value);
}

/** A length of time, as one would say it. */
export function duration(seconds) {
  if (!Number.isFinite(seconds) || seconds < 0) return UNKNOWN;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const rounded = Math.round(seconds);
  if (rounded < 60) return `${rounded} s`;
  const minutes = Math.floor(rounded / 60);
  if (minutes < 60) return `${minutes} min ${rounded % 60} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Images a second: two digits are all that a moving number can say. */
export function throughput(perSecond) {
  if (!Number.isFinite(perSecond) || perSecond <= 0) return UNKNOWN;
  return whole(Number(perSecond.toPrecision(2)));
}

/** A standard error: to a tenth, or to a hundredth where that would be zero. */
export function uncertainty(value) {
  if (!(value > 0 && value < 0.05)) return fixed(value);
  return value >= 0.005 ? fixed(value, 2) : "<0.01";
}

/**
 * The texts of D + beta × R = total, so rounded that what is shown adds up.
 *
 * The total is rounded to the nearest tenth. The terms are too, R with as many more digits as
 * beta asks for; where they would miss the total by a digit, the one that loses least is moved.
 */
export function equation(distortion, rate, beta) {
  const known = [distortion, rate, beta].every(Number.isFinite);
  if (!known) return { distortion: UNKNOWN, beta: UNKNOWN, rate: UNKNOWN, total: UNKNOWN };
  const weight = Number(beta.toPrecision(4));
  const digits = weight > 1 ? Math.min(6, 1 + Math.ceil(Math.log10(weight) - 1e-9)) : 1;
  const scale = 10 ** digits;
  const total = Math.round((distortion + beta * rate) * 10);
  const tenths = Math.round(distortion * 10);
  const parts = Math.round(rate * scale);
  let best = { tenths, parts, loss: Infinity };
  for (const i of [0, -1, 1, -2, 2]) {
    for (const j of [0, -1, 1]) {
      const gap = Math.abs(tenths + i + (10 * weight * (parts + j)) / scale - total);
      const loss = Math.abs(tenths + i - distortion * 10) + Math.abs(parts + j - rate * scale);
      if (gap <= 0.5 + 1e-6 && parts + j >= 0 && loss < best.loss) {
        best = { tenths: tenths + i, parts: parts + j, loss };
      }
    }
  }
  return {
    distortion: fixed(best.tenths / 10),
    beta: setting(weight),
    rate: fixed(best.parts / scale, digits),
    total: fixed(total / 10),
  };
}

/**
 * The standard error of D + beta R, from those of D, R and D + R on the same images.
 *
 * The three give the covariance of D and R, and with it the error of any weighted sum.
 */
export function totalError(distortionError, rateError, sumError, beta) {
  const covariance = (sumError ** 2 - distortionError ** 2 - rateError ** 2) / 2;
  const variance = distortionError ** 2 + (beta * rateError) ** 2 + 2 * beta * covariance;
  return Math.sqrt(Math.max(0, variance));
}
