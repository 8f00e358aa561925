// The second row: real images over reconstructions, dreams, and the code map of one snapshot.

import { CodeMap, axisName } from "./codemap.js";
import { setText } from "./dom.js";
import { whole } from "./format.js";
import { lastAtOrBefore } from "./history.js";
import { buildLegend } from "./layout.js";
import { Pictures } from "./pictures.js";

const SOON = 6; // snapshots after the playhead that come before all others
const AHEAD = 80; // snapshots around it that are fetched while nothing else is asked for

/** Everything that is drawn from snapshots, always from one of them. */
export class Gallery {
  #legendKey = "";

  constructor(parts, onChange) {
    this.parts = parts;
    this.onChange = onChange;
    this.real = new Pictures(parts.realCanvas, { rows: 2, onChange });
    this.dream = new Pictures(parts.dreamCanvas, { rows: 2, onChange });
    this.codes = new CodeMap(parts.codesCanvas, onChange);
  }

  /** Names of the labels, if they have any. */
  set labelNames(names) {
    this.names = names;
    this.#legendKey = "";
  }

  /** Draw the pictures of the playhead, or the nearest ones at hand. Say whether points move. */
  draw({ theme, member, step, isStill }, run, seconds) {
    const steps = run?.history.snapshots ?? [];
    const wanted = lastAtOrBefore(steps, Math.max(0, step));
    if (wanted !== undefined) run.snapshots.want(bySoonness(steps, wanted));
    const shown = wanted === undefined ? undefined : run.snapshots.nearestAtHand(steps, wanted);
    const when = shown ? `at step ${whole(shown.step)}` : "";
    const key = shown ? `${run.id} ${shown.step} ${member}` : "none";
    const strips = (...kinds) => (shown ? kinds.map((kind) => shown.strip(kind, member)) : []);
    this.real.draw(
      theme,
      strips("originals", "reconstructions"),
      key,
      shown
        ? `Ten held-out images, and below them their reconstructions ${when}.`
        : "Ten held-out images and their reconstructions. There are none yet.",
    );
    this.dream.draw(
      theme,
      strips("samples"),
      key,
      shown
        ? `Twenty draws of the prior, decoded ${when}.`
        : "Draws of the prior, decoded. There are none yet.",
    );
    const codes = shown?.codes(member) ?? null;
    this.#writeLegend(theme, codes, run);
    setText(this.parts.when, shown ? `step ${whole(shown.step)}` : "");
    this.parts.root.dataset.pictures = shown ? String(shown.step) : "";
    return this.codes.draw(theme, codes, {
      key,
      seconds,
      isStill,
      words: codes ? codeWords(codes, when) : "Code means of held-out images. There are none yet.",
    });
  }

  destroy() {
    for (const drawn of [this.real, this.dream, this.codes]) drawn.destroy();
  }

  #writeLegend(theme, codes, run) {
    const key = codes ? `${run.id} ${theme.isDark}` : "none";
    if (key === this.#legendKey) return;
    this.#legendKey = key;
    buildLegend(this.parts.legend, {
      labels: codes ? [...new Set(codes.labels)].sort((a, b) => a - b) : [],
      names: this.names,
      look: theme.of.labels,
      onHighlight: (label) => {
        this.codes.highlight = label;
        this.onChange();
      },
    });
  }
}

function codeWords({ labels, dims }, when) {
  const axes = dims.filter((dim) => dim >= 0).map(axisName);
  return (
    `Code means of ${labels.length} held-out images by label ${when}, along ${axes.join(" and ")}, ` +
    "with the prior's contours at 1 and 2 standard deviations."
  );
}

/** Steps by how soon they will be wanted: this one and the next few, then outwards from here. */
export function bySoonness(steps, wanted) {
  const here = steps.indexOf(wanted);
  const order = steps.slice(here, here + SOON);
  const reach = Math.max(here, steps.length - here);
  for (let i = 1; i <= reach && order.length < AHEAD; i += 1) {
    if (here - i >= 0) order.push(steps[here - i]);
    if (i >= SOON && here + i < steps.length) order.push(steps[here + i]);
  }
  return order;
}
