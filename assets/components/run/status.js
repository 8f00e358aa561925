// What the component says of itself: attributes of its root element, and a sentence while it waits.

import { setText } from "./dom.js";

/**
 * Write how things stand to the root element, for whoever looks from outside, such as a test:
 * `data-state` of the run, `data-mode` of the playback, `data-zoom` in steps, `data-step` on
 * screen, `data-last-step` known and drawn, `data-first-report-at` and `data-drawn-at` in
 * milliseconds since 1970: when the first report came, and when the last one was drawn;
 * `data-beside` the other runs, each with its letter and the last step known of it.
 */
export function writeStatus({ root, note }, { run, player, zoom, history, others }) {
  const { dataset } = root;
  const state = run?.state ?? null;
  const hasReports = history.lastStep >= 0;
  setText(note, hasReports ? "" : waitingWords(state, Boolean(run)));
  dataset.state = state ?? "none";
  dataset.mode = player.mode;
  dataset.zoom = zoom?.map((step) => step.toFixed(1)).join(" ") ?? "";
  dataset.beside = others.map((other) => `${other.letter}${other.history.lastStep}`).join(" ");
  if (!hasReports || player.step < 0) return;
  dataset.step = String(Math.floor(player.step));
  dataset.firstReportAt ??= String(run.firstReportAt);
  if (dataset.lastStep === String(history.lastStep)) return;
  dataset.lastStep = String(history.lastStep);
  dataset.drawnAt = String(performance.timeOrigin + performance.now());
}

/** Forget what was said of an earlier run. */
export function clearStatus({ root }) {
  for (const name of ["step", "lastStep", "firstReportAt", "drawnAt"]) delete root.dataset[name];
}

function waitingWords(state, hasRun) {
  if (!hasRun) return "Press Train, and the model learns here in front of you.";
  if (state === "queued") return "Waiting for a free worker.";
  if (state === "running") return "The first report is on its way.";
  return state === null ? "Asking for the run." : "Nothing was reported.";
}
