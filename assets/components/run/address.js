// What of the view is in the address of the page, so that a link opens it: the step where the
// reader has come to rest, and how steps and time are laid out.

const STEP = "at";
const QUIET_MS = 300; // browsers refuse an address that changes all the time

/** What the address says of the view. It is changed in place: no way back leads through it. */
export class Address {
  #step = null; // what it says as far as we know, or should say soon
  #timer = 0;
  #kept = new Map(); // name -> what the reader has chosen, or null for what is usual

  /** The step that the address asks for, if it was not us who wrote it there; else null. */
  asked() {
    const text = said(STEP);
    const step = /^\d{1,9}$/.test(text) ? Number(text) : null;
    clearTimeout(this.#timer);
    this.#step = step === this.#step ? null : step;
    return this.#step;
  }

  /** Say that the playhead rests at a step, once it has done so for a moment. */
  rest(step) {
    clearTimeout(this.#timer);
    this.#step = step;
    this.#timer = setTimeout(() => say(STEP, String(step)), QUIET_MS);
  }

  /** Say nothing of a step any more. */
  leave() {
    clearTimeout(this.#timer);
    this.#step = null;
    say(STEP, null);
  }

  /** Which of some options the address names, or the first, which it need not name. */
  option(name, options) {
    const text = said(name);
    const found = options.includes(text) ? text : options[0];
    this.#kept.set(name, found === options[0] ? null : found);
    return found;
  }

  /** Say which option a reader has picked, or nothing with null. */
  keep(name, value) {
    this.#kept.set(name, value);
    say(name, value);
  }

  /** Have it name something, or not with null, from the next `repeat` on. */
  name(name, value) {
    this.#kept.set(name, value);
  }

  /** Say again what the page may have overwritten, as it keeps an address of its own. */
  repeat() {
    if (this.#step === null) this.leave();
    else this.rest(this.#step);
    for (const [name, value] of this.#kept) say(name, value);
  }

  close() {
    clearTimeout(this.#timer);
  }
}

function said(name) {
  return new URLSearchParams(location.search).get(name) ?? "";
}

function say(name, value) {
  const address = new URL(location.href);
  if (address.searchParams.get(name) === value) return;
  if (value === null) address.searchParams.delete(name);
  else address.searchParams.set(name, value);
  history.replaceState(history.state, "", address);
}
