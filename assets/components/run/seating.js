// Finds a label a seat near a line, where it hides neither the line nor a trail of points.

const PLACES = 9; // tried along each side of the plot
const LOYALTY = 0.6; // how much better another seat must be to be worth a move

/**
 * A seat for a label of `wide` by `high` pixels inside `plot`: `{x, y, i, j}`, its upper left.
 *
 * `lineAt(x)` is the height of the line it names; `played` points must stay free, `ahead` ones
 * should. The seat `before` is kept unless another is clearly better, so that nothing jumps about.
 */
export function seat({ wide, high, plot, rem, lineAt, played, ahead, before }) {
  const { left, right, top, bottom } = plot;
  const free = { wide: right - left - wide - 0.8 * rem, high: bottom - top - high - 0.2 * rem };
  let best = { score: -Infinity };
  for (let i = 0; i < PLACES; i += 1) {
    for (let j = 0; j < PLACES; j += 1) {
      const box = {
        x: left + 0.4 * rem + (i / (PLACES - 1)) * free.wide,
        y: top + (j / (PLACES - 1)) * free.high,
        wide,
        high,
      };
      const loyalty = before?.i === i && before.j === j ? LOYALTY : 0;
      const score = loyalty + rating(box, rem, lineAt, played, ahead);
      if (score > best.score) best = { score, i, j, x: box.x, y: box.y };
    }
  }
  return best;
}

// Near the line, clear of it and of the points, below it at best: there the objective is lower,
// and nothing has been there yet.
function rating(box, rem, lineAt, played, ahead) {
  const inside = ([x, y], margin) =>
    x > box.x - margin &&
    x < box.x + box.wide + margin &&
    y > box.y - margin &&
    y < box.y + box.high + margin;
  let score = 0;
  for (const point of played) if (inside(point, 0.5 * rem)) score -= 10;
  for (const point of ahead) if (inside(point, 0.2 * rem)) score -= 1;
  const middle = box.y + box.high / 2;
  const gaps = [0, 0.25, 0.5, 0.75, 1].map((share) => middle - lineAt(box.x + share * box.wide));
  const isCrossed = gaps[0] * gaps[4] < 0 || gaps.some((gap) => Math.abs(gap) < 0.5 * box.high);
  const nearest = Math.min(...gaps.map(Math.abs));
  return score - (isCrossed ? 5 : 0) - nearest / (8 * rem) + (gaps[2] > 0 ? 0.5 : 0);
}

/** Points along a path, no further apart than `gap`. */
export function along(points, gap) {
  const all = [];
  points.forEach(([x, y], i) => {
    const [fromX, fromY] = points[Math.max(0, i - 1)];
    const parts = Math.min(64, Math.ceil(Math.hypot(x - fromX, y - fromY) / gap));
    for (let part = 1; part < parts; part += 1) {
      const share = part / parts;
      all.push([fromX + share * (x - fromX), fromY + share * (y - fromY)]);
    }
    all.push([x, y]);
  });
  return all;
}
