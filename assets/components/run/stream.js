// The event stream of one run: in order, without holes, through lost connections.

const RETRY_MS = [500, 1000, 2000, 4000, 8000];
const SILENCE_MS = 20_000; // a running run tells something far more often than this

/**
 * Follows a run. `tell` has four functions: `state(record)`, `batch(batch)` which answers "added",
 * "known" or "gap", `connection(isLost)`, and `end()`.
 */
export class Stream {
  #source = null;
  #retry = 0;
  #timer = 0;
  #watchdog = 0;
  #state = null;
  #isLost = false;
  #isClosed = false;

  /** `address(after)` is the URL of the events that follow batch number `after()`. */
  constructor({ address, after, tell }) {
    this.address = address;
    this.after = after;
    this.tell = tell;
    this.#open();
  }

  close() {
    this.#isClosed = true;
    this.#drop();
  }

  #drop() {
    clearTimeout(this.#timer);
    clearTimeout(this.#watchdog);
    this.#source?.close();
    this.#source = null;
  }

  #open() {
    this.#drop();
    const source = new EventSource(this.address(this.after()));
    this.#source = source;
    const heard = (handle) => (event) => {
      if (source !== this.#source) return;
      this.#setLost(false);
      this.#retry = 0;
      handle(event);
      this.#watch();
    };
    source.addEventListener("state", heard((event) => this.#onState(JSON.parse(event.data))));
    source.addEventListener("batch", heard((event) => this.#onBatch(JSON.parse(event.data))));
    source.addEventListener("end", heard(() => this.#onEnd()));
    source.addEventListener("error", () => this.#onError(source));
  }

  #onState(record) {
    this.#state = record.state;
    this.tell.state(record);
  }

  // After a hole, everything from the last batch we have is asked for again.
  #onBatch(batch) {
    if (this.tell.batch(batch) === "gap") this.#open();
  }

  #onEnd() {
    this.close();
    this.tell.end();
  }

  // The browser itself goes on where it was, by Last-Event-ID, unless it gave up.
  #onError(source) {
    if (source !== this.#source || this.#isClosed) return;
    this.#setLost(true);
    if (source.readyState === EventSource.CLOSED) this.#reopenLater();
  }

  #reopenLater() {
    this.#drop();
    const wait = RETRY_MS[Math.min(this.#retry, RETRY_MS.length - 1)];
    this.#retry += 1;
    this.#timer = setTimeout(() => this.#open(), wait);
  }

  // A connection can die without a word, as when a laptop wakes up in another network.
  #watch() {
    clearTimeout(this.#watchdog);
    if (this.#isClosed || this.#state !== "running") return;
    this.#watchdog = setTimeout(() => this.#open(), SILENCE_MS);
  }

  #setLost(isLost) {
    if (isLost === this.#isLost) return;
    this.#isLost = isLost;
    this.tell.connection(isLost);
  }
}
