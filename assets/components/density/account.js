// What a frame costs: the numbers over the picture, the curves beside it and the bars under them.
//
// Each is made of `scene`, what Python has said; `walk`, the frames, or null where there are none;
// `frame`, the number of the one that is shown; and `of`, the look of each meaning.

import { fixed } from "../run/format.js";

const LONGEST_BAR = 3; // times what a fit's own divergence comes to, beyond which bars are cut
const MOST_ABOVE = 1.5; // nats above the first model's cost that the scales go to

/** Cross-entropies along the way, or the divergences that two fits of a known world descend. */
export function curvesOf({ scene, walk, frame, of }) {
  if (scene.kind === "ways") {
    const curves = [
      { name: "KL[p; q]", look: of.dream, values: scene.forward[0] },
      { name: "KL[q; p]", look: { ...of.dream, dash: [], mark: "diamond" }, values: scene.reverse[1] },
    ];
    return { xs: scene.steps.map(Math.sqrt), labels: scene.labels, curves, floor: 0, at: frame, name: scene.name };
  }
  const rows = measured({ scene, walk });
  if (!rows) return null;
  const curves = [
    { name: "training", look: of.real, values: rows.seen },
    { name: "held-out", look: { ...of.objective, dash: [5, 3] }, values: rows.fresh },
  ];
  const isEven = scene.kind === "sizes" || scene.name !== "step"; // a beginning of steps has more room
  const xs = rows.steps.map((step, i) => (isEven ? i : Math.sqrt(step)));
  return { xs, labels: rows.labels, curves, floor: scene.entropy, floorName: "H[p]", at: frame, name: scene.name };
}

/** Bars of which the second goes back from the end of the first, and the third is what is left. */
export function barsOf({ scene, walk, frame, of }) {
  if (scene.kind === "ways") return divergences(scene, frame, of);
  const rows = measured({ scene, walk });
  if (!rows) return null;
  const { entropy } = scene;
  const costs = entropy === null ? rows.fresh : rows.exact;
  const cost = Number.isFinite(costs[frame]) ? costs[frame] : Infinity;
  const scale = scaleOf(costs, entropy);
  const back = { ...of.bound, isHatched: true };
  if (entropy === null) {
    const bars = [
      { name: "cross-entropy", to: cost, text: `≈ ${text(cost)}`, look: of.objective },
      { name: "−H[p]", to: null, text: "unknown", look: back },
      { name: "KL[p; q]", to: null, text: "unknown", look: of.dream },
    ];
    return { bars, ...scale };
  }
  const [known, left, total] = addedUp(entropy, cost - entropy, 3);
  const less = known.startsWith("−") ? known.slice(1) : `−${known}`;
  // Where the first is cut, so is the last, by as much: what is between them keeps its length.
  const end = Math.min(cost, scale.high);
  const isCut = cost > scale.high;
  const bars = [
    { name: "cross-entropy", to: end, text: total, look: of.objective, isCut },
    { name: "−H[p]", from: end, to: end - entropy, text: less, look: back },
    { name: "KL[p; q]", to: end - entropy, text: left, look: of.dream, isCut },
  ];
  return { bars, ...scale };
}

// One scale for all frames: what costs far more than the first is cut, as in the curves.
function scaleOf(costs, entropy) {
  const known = costs.filter(Number.isFinite);
  const most = Math.min(Math.max(...known), (known[0] ?? 0) + MOST_ABOVE);
  return { low: Math.min(0, ...known), high: Math.max(MOST_ABOVE, most, entropy ?? 0, -(entropy ?? 0)) };
}

/** The numbers over the picture. */
export function numbersOf({ scene, walk, frame }) {
  if (scene.kind === "box") return scene.numbers;
  if (scene.kind === "ways") {
    return [
      { label: "covers: KL[p; q]", text: nats(scene.forward[0][frame]), role: "dream" },
      { label: "seeks: KL[q; p]", text: nats(scene.reverse[1][frame]), role: "dream" },
    ];
  }
  const rows = measured({ scene, walk });
  if (!rows) return [{ label: waiting(walk), text: "", role: "bound" }];
  const [seen, fresh, exact] = [rows.seen[frame], rows.fresh[frame], rows.exact?.[frame]];
  const areKnown = [seen, fresh].every(Number.isFinite);
  const [trained, gap, held] = areKnown ? addedUp(seen, fresh - seen, 2) : [text(seen, 2), "infinite", text(fresh, 2)];
  const shown = [
    ...(walk.isLive ? [{ label: "step", text: rows.labels[frame], role: "bound" }] : []),
    { label: "training", text: trained, role: "real" },
    { label: "held-out", text: held, role: "objective" },
    { label: "gap", text: gap, role: "objective" },
  ];
  if (scene.entropy === null) return shown;
  const kl = Number.isFinite(exact) ? exact - scene.entropy : NaN;
  return [...shown, { label: "KL[p; q]", text: nats(kl, 2), role: "dream" }];
}

// Two numbers and their sum, as texts of so many decimals that add up: the sum is that of what is
// shown, so that frames one after another have as many digits.
function addedUp(one, other, decimals) {
  if (!Number.isFinite(other)) return [fixed(one, decimals), "infinite", "infinite"];
  const [first, second] = [one, other].map((value) => Number(value.toFixed(decimals)));
  return [first, second, first + second].map((value) => fixed(value, decimals));
}

function divergences({ forward, reverse }, frame, of) {
  const bar = (name, values) => ({ name, to: values[frame] ?? Infinity, text: text(values[frame]), look: of.dream });
  const bars = [
    bar("covers, KL[p; q]", forward[0]),
    bar("seeks, KL[p; q]", forward[1]),
    bar("covers, KL[q; p]", reverse[0]),
    bar("seeks, KL[q; p]", reverse[1]),
  ];
  return { bars, low: 0, high: LONGEST_BAR * Math.max(forward[0].at(-1) ?? 0, reverse[1].at(-1) ?? 0, 0.1) };
}

// The same columns, whether Python has sent them or a training has told them; null before that.
function measured({ scene, walk }) {
  if (!walk?.isLive) return walk ? scene : null;
  const { steps } = walk;
  if (!steps.length) return null;
  return {
    steps,
    labels: steps.map(String),
    seen: walk.column("seen_cross_entropy"),
    fresh: walk.column("fresh_cross_entropy"),
    exact: walk.column("cross_entropy"),
  };
}

function waiting(walk) {
  if (!walk) return "Press Train, and a flow learns here in front of you.";
  return walk.run.state === "queued" ? "Waiting for a free worker." : "The first report is on its way.";
}

function text(value, digits = 3) {
  return Number.isFinite(value) ? fixed(value, digits) : "infinite";
}

function nats(value, digits = 3) {
  return Number.isFinite(value) ? `${fixed(value, digits)} nats` : "infinite";
}
