// From numbers to places on a canvas, and the ticks that let a reader go back.

/** Ticks at 1, 2 or 5 times a power of ten within [low, high], at most `most` of them. */
export function linearTicks(low, high, most) {
  const span = high - low;
  if (!(span > 0) || !Number.isFinite(span) || most < 1) return [];
  const power = 10 ** Math.floor(Math.log10(span / most));
  for (const multiple of [1, 2, 5, 10, 20, 50]) {
    const gap = multiple * power;
    const first = Math.ceil(low / gap - 1e-9);
    const last = Math.floor(high / gap + 1e-9);
    if (last - first + 1 <= most) {
      return Array.from({ length: last - first + 1 }, (_, i) => tidy((first + i) * gap));
    }
  }
  return [];
}

// 0.30000000000000004 is 0.3; and there is no minus zero on an axis.
function tidy(value) {
  return Number(value.toPrecision(12)) + 0;
}

/** Ticks at 0, 1, 10, 100, ... for an axis of log(1 + step), or even ones where few of them fit. */
export function stepTicks(low, high, most) {
  const ticks = [0];
  for (let power = 1; power <= high; power *= 10) ticks.push(power);
  const visible = ticks.filter((value) => value >= low && value <= high);
  if (visible.length < 2) return linearTicks(low, high, most);
  const stride = Math.ceil(visible.length / Math.max(1, most));
  return visible.filter((_, i) => i % stride === 0);
}

export const linear = { of: (step) => step, inverse: (place) => place, ticks: linearTicks };

// log(1 + step): like a logarithm as soon as it matters, and step 0 has a place too.
export const logarithmic = { of: Math.log1p, inverse: Math.expm1, ticks: stepTicks };

/** The map from numbers in [low, high] to pixels in [start, end], by way of a scale. */
export function axis(low, high, start, end, scale = linear) {
  const from = scale.of(low);
  const slope = (end - start) / (scale.of(high) - from || 1);
  return {
    low,
    high,
    at: (value) => start + (scale.of(value) - from) * slope,
    value: (pixel) => scale.inverse(from + (pixel - start) / slope),
    ticks: (most) => scale.ticks(low, high, most),
  };
}

/** An end for a growing axis: the next round number, so that it moves seldom. */
export function roundUp(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const multiple = [1, 1.5, 2, 3, 4, 5, 6, 8, 10].find((m) => m * power >= value * (1 - 1e-12));
  return multiple * power;
}

/** [low, high] with a margin, and never empty. */
export function padded(low, high, share) {
  if (!(high > low)) return [low - 0.5, low + 0.5];
  const margin = (high - low) * share;
  return [low - margin, high + margin];
}

/**
 * Places for labels of one height that want to sit at `wanted`, moved apart as little as possible.
 *
 * The order is kept, no two overlap, and all stay within [low, high] if there is room for them.
 */
export function spread(wanted, height, low, high) {
  const order = wanted.map((_, i) => i).sort((a, b) => wanted[a] - wanted[b] || a - b);
  // Groups of touching labels, each around the mean of what its members want.
  const groups = [];
  for (const index of order) {
    groups.push({ members: [index], centre: wanted[index] });
    while (groups.length > 1) {
      const [before, last] = groups.slice(-2);
      const room = ((before.members.length + last.members.length) * height) / 2;
      if (last.centre - before.centre >= room) break;
      groups.splice(-2, 2, joined(before, last, height));
    }
    settle(groups, height, low, high);
  }
  const places = new Array(wanted.length);
  for (const { members, centre } of groups) {
    const top = centre - ((members.length - 1) * height) / 2;
    members.forEach((index, i) => (places[index] = top + i * height));
  }
  return places;
}

function joined(a, b, height) {
  const members = [...a.members, ...b.members];
  const shiftA = (-b.members.length * height) / 2;
  const shiftB = (a.members.length * height) / 2;
  const sum = (a.centre - shiftA) * a.members.length + (b.centre - shiftB) * b.members.length;
  return { members, centre: sum / members.length };
}

// Keeps groups inside the limits; pushed together at a limit, they become one.
function settle(groups, height, low, high) {
  const half = (group) => (group.members.length * height) / 2;
  for (let again = true; again; ) {
    again = false;
    for (const group of groups) {
      group.centre = Math.max(low + half(group), Math.min(high - half(group), group.centre));
    }
    for (let i = 1; i < groups.length; i += 1) {
      const room = half(groups[i - 1]) + half(groups[i]);
      if (groups[i].centre - groups[i - 1].centre < room - 1e-9) {
        groups.splice(i - 1, 2, joined(groups[i - 1], groups[i], height));
        again = true;
        break;
      }
    }
  }
}
