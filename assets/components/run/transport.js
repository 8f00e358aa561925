// Play, pause, the slider through time, and the pace.

import { Choice, make, setText } from "./dom.js";
import { whole } from "./format.js";
import { iconElement } from "./marks.js";

const FINE = 10_000; // places along the slider
const ICONS = {
  play: "M7 4.5v15l12.5-7.5z",
  pause: "M6.5 4.5h4v15h-4zM13.5 4.5h4v15h-4z",
  replay: "M12 5V1.5L6.5 6.5 12 11.5V8a5.5 5.5 0 1 1-5.5 5.5h-3A8.5 8.5 0 1 0 12 5z",
};

/**
 * The bar under the pictures. `act` has `play()`, `pause()`, `seek`, `drag`, `hop`, `rest()`, `pace`;
 * `words(player)` says where it stands.
 */
export class Transport {
  isHeld = false; // the reader has a finger on the slider, and may go on

  constructor(player, act, words = stepWords) {
    this.player = player;
    this.act = act;
    this.words = words;
    this.button = make("button", "play", { type: "button" });
    this.icon = iconElement(document, ICONS.play);
    this.word = make("span", "word");
    this.button.append(this.icon, this.word);
    this.slider = make("input", "", {
      type: "range",
      min: "0",
      max: String(FINE),
      step: "1",
      value: "0",
      "aria-label": "Step of the training",
    });
    this.rail = make("div", "rail", {}, make("div", "known"), make("div", "played"));
    this.track = make("div", "track", {}, this.rail, this.slider);
    this.pace = new Choice("Pace", [], () => {});
    this.element = make("div", "transport", { role: "group", "aria-label": "Playback" });
    this.element.append(this.button, this.track, this.pace.element);
    this.#listen();
  }

  /** Offer a pace in seconds for the whole run, a quicker one, and none; answer with all three. */
  offerPace(seconds) {
    const quick = Math.max(1, Math.round(seconds / 3));
    const options = [seconds, quick].map((s) => [s, `${s} s`, `The whole run in ${s} seconds`]);
    options.push([0, "live", "Always the newest step, as fast as they come"]);
    const pace = new Choice("Pace", options, (value) => this.act.pace(value));
    this.pace.element.replaceWith(pace.element);
    this.pace = pace;
    return options.map(([value]) => value);
  }

  update() {
    const { player } = this;
    const hasSteps = player.known >= 0;
    const isOver = player.isOver && player.isAtEnd;
    const isGoing = hasSteps && player.mode !== "pause" && !isOver;
    const action = isGoing ? "pause" : isOver ? "replay" : "play";
    if (this.action !== action) {
      this.action = action;
      this.icon.firstChild.setAttribute("d", ICONS[action]);
      setText(this.word, { play: "Play", pause: "Pause", replay: "Replay" }[action]);
    }
    this.button.disabled = this.slider.disabled = !hasSteps;
    const isLive = player.mode === "live" && !player.isOver && hasSteps;
    this.pace.set(isLive ? 0 : player.pace);
    const at = hasSteps ? player.place(Math.max(0, player.step)) : 0;
    const known = hasSteps ? player.place(player.known) : 0;
    this.rail.style.setProperty("--at", at.toFixed(4));
    this.rail.style.setProperty("--known", known.toFixed(4));
    const value = String(Math.round(at * FINE));
    if (this.slider.value !== value) this.slider.value = value;
    const words = hasSteps ? this.words(player) : "no steps yet";
    if (this.slider.getAttribute("aria-valuetext") !== words) {
      this.slider.setAttribute("aria-valuetext", words);
    }
  }

  #listen() {
    this.button.addEventListener("click", () => {
      if (this.action === "pause") this.act.pause();
      else this.act.play();
    });
    this.slider.addEventListener("input", () => {
      const step = this.player.stepAt(Number(this.slider.value) / FINE);
      if (this.isHeld) this.act.drag(step);
      else this.act.seek(step);
    });
    this.slider.addEventListener("pointerdown", () => (this.isHeld = true));
    for (const name of ["pointerup", "pointercancel", "change", "blur"]) {
      this.slider.addEventListener(name, () => this.#letGo());
    }
    this.element.addEventListener("keydown", (event) => {
      const hops = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -5, PageUp: 5 };
      if (event.altKey || event.ctrlKey || event.metaKey || this.slider.disabled) return;
      if (event.key in hops) this.act.hop(hops[event.key]);
      else if (event.key === "Home") this.act.seek(0);
      else if (event.key === "End") this.act.seek(Infinity);
      else if (event.key === " " && event.target === this.slider) this.button.click();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  #letGo() {
    if (!this.isHeld) return;
    this.isHeld = false;
    this.act.rest();
  }
}

function stepWords(player) {
  return `step ${whole(Math.round(Math.max(0, player.step)))} of ${whole(player.extent)}`;
}
