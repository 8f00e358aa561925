// Log-odds as they are written, in the same words as `core/notation.py`.

export const ENDLESS = 1e300; // what stands for infinity in the data
export const PER_NAT = { nats: 1, bits: 1 / Math.LN2, dB: 10 / Math.LN10 };

/** Whether log-odds are those of certainty. */
export const isEndless = (nats) => Math.abs(nats) >= ENDLESS;

/** Evidence with its sign and its unit. */
export function signed(nats, unit, decimals = 3) {
  if (!Number.isFinite(nats)) return "–";
  const sign = nats > 0 ? "+" : nats < 0 ? "−" : "";
  if (isEndless(nats)) return `${sign}∞ ${unit}`;
  return `${sign}${sized(Math.abs(nats) * PER_NAT[unit], decimals)} ${unit}`;
}

function sized(size, decimals) {
  if (size && size < 10 ** -decimals / 2) return scientific(size, 1);
  if (size >= 1e7) return scientific(size, 3);
  const shown = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  return new Intl.NumberFormat("en", shown).format(size);
}

/** A positive number as a product with a power of ten. */
export function scientific(size, decimals) {
  const [digits, power] = size.toExponential(decimals).split("e");
  return `${digits}·${raised(Number(power))}`;
}

/** Ten to a power. */
export const raised = (power) => `10${String(power).replace(/./g, (c) => RAISED[c])}`;
const RAISED = { "-": "⁻", 0: "⁰", 1: "¹", 2: "²", 3: "³", 4: "⁴", 5: "⁵", 6: "⁶", 7: "⁷", 8: "⁸", 9: "⁹" };

/** The probability with these log-odds, which is not rounded to certainty. */
export function probability(nats) {
  if (!Number.isFinite(nats)) return "–";
  if (isEndless(nats)) return nats > 0 ? "1, certain" : "0, impossible";
  if (nats > Math.log(999)) return `1 − ${power(-nats - Math.log1p(Math.exp(-nats)))}`;
  const log = nats >= 0 ? -Math.log1p(Math.exp(-nats)) : nats - Math.log1p(Math.exp(nats));
  return log > Math.log(0.01) ? Math.exp(log).toFixed(3) : power(log);
}

// A small positive number by its logarithm.
function power(log) {
  if (log > -Math.log(1e3)) return String(Number(Math.exp(log).toPrecision(4)));
  const tens = log / Math.LN10;
  const whole = Math.floor(tens);
  const digits = (10 ** (tens - whole)).toFixed(2);
  return digits === "10.00" ? `1.00·${raised(whole + 1)}` : `${digits}·${raised(whole)}`;
}
