// Where the held-out curves end: at the last look, which they reach softly.

const GLIDE_S = 0.07;

/** Follows the last measured row before the playhead, so that what is drawn flows from look to look. */
export class Glide {
  #row = 0;
  #table = null;
  isMoving = false;

  /**
   * The step to draw held-out values up to, perhaps between two looks, and the row of the look
   * that is nearest to it, whose values are written beside. Both are -1 before the first look.
   */
  advance(table, step, seconds, isDirect) {
    const target = table.rowAt(step);
    const isNew = table !== this.#table || target < 0 || isDirect;
    this.#table = table;
    const share = isNew ? 1 : 1 - Math.exp(-seconds / GLIDE_S);
    const goal = isDirect ? between(table, target, step) : target;
    this.#row += share * (goal - this.#row);
    if (isNew || Math.abs(goal - this.#row) < 0.01) this.#row = goal;
    this.isMoving = this.#row !== goal;
    if (target < 0) return { shownStep: -1, row: -1 };
    const row = Math.min(Math.max(0, Math.floor(this.#row)), table.length - 1);
    const next = Math.min(row + 1, table.length - 1);
    const beyond = (this.#row - row) * (table.steps[next] - table.steps[row]);
    const nearest = Math.min(Math.round(this.#row), table.length - 1);
    return { shownStep: table.steps[row] + beyond, row: nearest };
  }
}

// A hand may hold the playhead between two looks: the row of the first, and how far it is beyond.
function between({ steps, length }, row, step) {
  if (row < 0 || row + 1 >= length) return row;
  return row + Math.max(0, (step - steps[row]) / (steps[row + 1] - steps[row]));
}
