// The runs that are shown beside the one in front, each followed by itself and drawn with it.

import { Glide } from "./glide.js";
import { Run } from "./run.js";

/** What runs are called on screen: the one in front, then those beside it. */
export const LETTERS = "ABCD";

/** The runs beside the one in front. `tell` has `changed()`, and `state()` when one has changed. */
export class Company {
  #companions = [];
  #base = "";
  #tell;

  constructor(tell) {
    this.#tell = tell;
  }

  get runs() {
    return this.#companions.map(({ run }) => run);
  }

  /** The state of each, as they have told, or as Python says until they have. */
  get states() {
    return this.#companions.map(({ run, told }) => run.state ?? told ?? "").join(" ");
  }

  /** Follow these runs, `{run, attempt, state, label}` each, and no others. */
  update(others, base) {
    const kept = new Map();
    for (const companion of this.#companions) {
      const isKept = base === this.#base && others.some(({ run }) => run === companion.run.id);
      if (isKept) kept.set(companion.run.id, companion);
      else companion.run.close();
    }
    this.#base = base;
    this.#companions = others.slice(0, LETTERS.length - 1).map((other) => {
      const companion = kept.get(other.run) ?? this.#follow(other.run);
      Object.assign(companion, { told: other.state ?? null, label: other.label ?? "" });
      if (kept.has(other.run)) companion.run.hear(other);
      return companion;
    });
  }

  #follow(id) {
    const tell = {
      changed: () => this.#tell.changed(),
      state: () => this.#tell.state(),
      connection: () => {},
    };
    return { run: new Run({ id, base: this.#base, tell }), glide: new Glide() };
  }

  /** How each of them is drawn with the playhead at a step: see `Chart`. */
  scenes(step, seconds, isDirect) {
    return this.#companions.map(({ run, glide, label }, i) => ({
      letter: LETTERS[i + 1],
      rank: i + 1,
      label,
      history: run.history,
      ...glide.advance(run.history.heldOut, step, seconds, isDirect),
    }));
  }

  get isMoving() {
    return this.#companions.some(({ glide }) => glide.isMoving);
  }

  close() {
    for (const { run } of this.#companions) run.close();
    this.#companions = [];
  }
}

// A run that is paused tells nothing more for now: all there is can be played.
const isAtRest = ({ isOver, state }) => isOver || state === "paused";

/**
 * What a player is told of a run in front and those beside it.
 *
 * As long as the one in front goes on, the playhead is its own. When all of it is known, the
 * playhead may go on to where the longest of the others has come.
 */
export function together(run, others) {
  const all = [run, ...others];
  const isOpen = all.some((each) => !isAtRest(each) && each.total === null);
  const ends = all.map((each) => (isAtRest(each) ? each.history.lastStep : each.total));
  const own = run.history.restingSteps();
  if (!isAtRest(run)) {
    const known = run.history.lastStep;
    return { known, total: isOpen ? null : Math.max(...ends), isFinal: run.isFinal, isOver: false, rests: own };
  }
  const later = others.flatMap(({ history }) => history.restingSteps());
  const rests = new Set([...own, ...later.filter((step) => step > run.history.lastStep)]);
  return {
    known: Math.max(...all.map(({ history }) => history.lastStep)),
    total: isOpen ? null : Math.max(...ends),
    isFinal: all.every(({ isFinal }) => isFinal),
    isOver: all.every(isAtRest),
    rests: [...rests].sort((a, b) => a - b),
  };
}
