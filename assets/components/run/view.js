// Everything on screen: which run, where the playhead is, and what has to be drawn again.

import { changesUpTo } from "./changes.js";
import { Address } from "./address.js";
import { Chart } from "./chart.js";
import { Company, together } from "./company.js";
import { Choice, make, setText } from "./dom.js";
import { setting } from "./format.js";
import { Frames } from "./frames.js";
import { Gallery } from "./gallery.js";
import { connect } from "./gestures.js";
import { Glide } from "./glide.js";
import { History } from "./history.js";
import { build } from "./layout.js";
import { Legend } from "./legend.js";
import { Manners } from "./manners.js";
import { Plane } from "./plane.js";
import { Player } from "./player.js";
import { Equation, Facts } from "./readout.js";
import { Run } from "./run.js";
import { clearStatus, writeStatus } from "./status.js";
import { applyTheme, readTheme, watchTheme } from "./theme.js";
import { Transport } from "./transport.js";

const NOTHING = new History();
const LIVE_MS = 1000 / 30; // between two drawings of a run that is being followed: it may take hours
const AGAIN_MS = 4000; // between two looks whether another tab has taken up a run that was stopped
const WORDS_MS = 100; // between two changes of the numbers beside it, which nobody reads faster

// What the page beside this view writes of a run: another script run is due when it changes.
function told({ state, message }) {
  return state ? `${state} ${message ?? ""}`.trim() : null;
}

/** One component on a page. Its root element tells tests and readers of the page how it stands. */
export class View {
  #component = null;
  #run = null;
  #theme = null;
  #glide = new Glide();
  #frames = new Frames((seconds) => this.#draw(seconds), () => (this.#isFollowing ? this.#manners.pause(LIVE_MS) : 0));
  #wroteAt = -Infinity;
  #isFresh = false;
  #toldState = null;
  #toldBeside = "";
  #wasAtRest = false;
  #asked = null; // the step to rest at as soon as it is known
  #address = new Address();
  #company = new Company({ changed: () => this.#onChange(), state: () => this.#onBeside() });
  #member = 0;
  #pace = 10;
  #undo = [];

  #manners = null;

  constructor(parent) {
    const parts = build();
    this.parts = parts;
    this.#manners = new Manners(parts.root);
    const redraw = () => this.#frames.ask();
    this.chart = new Chart(parts.curvesCanvas, redraw);
    this.plane = new Plane(parts.planeCanvas, redraw);
    this.gallery = new Gallery(parts, redraw);
    this.equation = new Equation();
    this.facts = new Facts();
    this.legend = new Legend(parts.company);
    parts.numbers.append(this.equation.element, this.facts.element);
    const motion = matchMedia("(prefers-reduced-motion: reduce)");
    this.player = new Player({ isStill: motion.matches });
    this.transport = new Transport(this.player, this.#playback());
    parts.grid.append(this.transport.element);
    this.#buildScale();
    this.#connect(motion);
    parent.querySelector(".reserved")?.remove();
    parent.append(parts.root);
  }

  /** Take what Python says: which run, which colours, what pace. */
  update(component) {
    const before = this.#component?.data;
    const { data } = component;
    const isFirst = !before;
    this.#component = component;
    if (data.pace !== before?.pace) this.#offerPace(data.pace ?? 10);
    if (isFirst || data.run !== before.run || data.base !== before.base) this.#switch(data, !isFirst);
    else this.#run?.hear(data);
    const others = (data.run && data.others) || [];
    this.#company.update(others, data.base ?? "");
    this.#toldBeside = others.map(({ state }) => state ?? "").join(" ");
    this.legend.begin(data.label, others);
    if (others.length !== (before?.others?.length ?? 0) && this.#run) this.#inform();
    // Python writes it as well, but what a script says that another one overtakes may be lost.
    for (const [name, value] of Object.entries(data.address ?? {})) this.#address.name(name, value);
    this.#address.repeat();
    if (this.#run) this.#run.stepsPerEpoch = data.steps_per_epoch ?? null;
    this.gallery.labelNames = data.labels ?? null;
    this.#readTheme();
  }

  destroy() {
    this.#frames.stop();
    this.#manners.close();
    this.#address.close();
    this.#company.close();
    this.#run?.close();
    for (const undo of this.#undo) undo();
    for (const drawn of [this.chart, this.plane, this.gallery]) drawn.destroy();
    this.parts.root.remove();
  }

  // -- Which run ---------------------------------------------------------------------------

  // A run that appears while we watch is played from its start; one that was there is shown as is.
  #switch(data, isFresh) {
    this.#run?.close();
    this.#run = null;
    this.#isFresh = isFresh;
    this.#toldState = told(data);
    this.#member = 0;
    this.chart.zoom = this.chart.cursor = null;
    this.player.reset();
    this.#wasAtRest = false;
    this.#asked = data.run ? this.#address.asked() : null;
    if (this.#asked !== null) this.player.mode = "pause";
    this.facts.setLost(false);
    this.parts.member.hidden = true;
    clearStatus(this.parts);
    if (data.run) {
      this.#run = new Run({
        id: data.run,
        base: data.base ?? "",
        tell: {
          changed: () => this.#onChange(),
          state: (record, isFirst) => this.#onState(record, isFirst),
          connection: (isLost) => this.facts.setLost(isLost),
        },
      });
    }
    this.#frames.ask();
  }

  #onState(record, isFirst) {
    const { player } = this;
    const isAtRest = this.#run.isFinal || this.#run.state === "paused";
    const goesOn = this.#wasAtRest && !isAtRest;
    this.#wasAtRest = isAtRest;
    this.#inform();
    if (goesOn && player.isAtEnd) player.play();
    if (isFirst) {
      if (record.state === "queued") this.#isFresh = true;
      if (this.#isFresh && !player.isStill && this.#asked === null) player.play();
      this.#offerMembers();
    }
    if (told(record) !== this.#toldState) {
      this.#toldState = told(record);
      this.#component.setStateValue("state", this.#toldState);
    }
    this.#frames.ask();
  }

  // Python hears of those beside it as well: it writes what they have come to.
  #onBeside() {
    const { states } = this.#company;
    if (states !== this.#toldBeside) {
      this.#toldBeside = states;
      this.#component.setStateValue("beside", states);
    }
    this.#onChange();
  }

  #onChange() {
    if (this.#run) this.#inform();
    this.#frames.ask();
  }

  #inform() {
    const others = this.#company.runs;
    this.player.inform(together(this.#run, others));
    this.#run.snapshots.atOnce = others.filter(({ isOver }) => !isOver).length > 1 ? 1 : 2;
    if (this.#asked === null) return;
    // A link may lead to a step that is not here yet, or never will be.
    this.player.seek(this.#asked);
    if (this.#run.isOver || this.#run.history.lastStep >= this.#asked) this.#asked = null;
  }

  #rest() {
    this.#asked = null;
    if (this.#run && this.player.mode === "pause" && this.player.step >= 0 && !this.transport.isHeld) {
      this.#address.rest(this.player.step);
    }
  }

  #leave() {
    this.#asked = null;
    this.#address.leave();
  }

  #offerMembers() {
    const { betas } = this.#run;
    const { member } = this.parts;
    member.hidden = betas.length < 2;
    const option = (beta, k) => make("option", "", { value: String(k) }, `β ${setting(beta)}`);
    member.replaceChildren(...betas.map(option));
  }

  // -- What the reader does ------------------------------------------------------------------

  #playback() {
    const { player } = this;
    const after = (act) => (value) => {
      act(value);
      this.#frames.ask();
    };
    const resting = (act) =>
      after((value) => {
        act(value);
        this.#rest();
      });
    return {
      // A finished run has no pace of its own to be played at.
      play: after(() => {
        if (player.isOver && player.pace === 0) player.pace = this.#pace;
        player.play();
        this.#leave();
      }),
      pause: resting(() => player.pause()),
      seek: resting((step) => player.seek(step)),
      hop: resting((count) => player.hop(count)),
      drag: after((step) => {
        player.drag(step);
        this.#asked = null;
      }),
      rest: resting(() => player.seek(player.step)),
      pace: after((seconds) => {
        player.pace = seconds;
        this.#address.keep("pace", seconds === this.#component.data.pace ? null : String(seconds));
        if (seconds === 0) player.live();
        else if (player.mode !== "pause" && !player.isAtEnd) player.play();
        if (player.mode !== "pause") this.#leave();
      }),
    };
  }

  #offerPace(seconds) {
    this.#pace = seconds || 10;
    const paces = this.transport.offerPace(this.#pace);
    const usual = [seconds, ...paces].map(String);
    this.player.pace = Number(this.#address.option("pace", usual));
  }

  #buildScale() {
    const pick = (name) => {
      this.chart.isLogarithmic = name === "log";
      this.scale.set(name);
      this.#address.keep("axis", name === "log" ? name : null);
      this.#frames.ask();
    };
    const options = [
      ["linear", "linear", "Steps evenly spaced"],
      ["log", "log", "Steps by their logarithm: the beginning has more room"],
    ];
    this.scale = new Choice("Step axis", options, pick);
    pick(this.#address.option("axis", ["linear", "log"]));
    this.parts.curvesHead.append(this.scale.element);
  }

  #connect(motion) {
    const { parts } = this;
    const on = (target, name, listener) => {
      target.addEventListener(name, listener);
      this.#undo.push(() => target.removeEventListener(name, listener));
    };
    this.#undo.push(
      connect(this.chart, {
        scene: () => this.#scene(),
        rests: () => this.player.rests,
        seek: (step) => this.transport.act.seek(step),
        changed: () => this.#frames.ask(),
      }),
      watchTheme(parts.probe, () => this.#readTheme()),
    );
    const again = setInterval(() => document.visibilityState === "visible" && this.#run?.lookAgain(), AGAIN_MS);
    this.#undo.push(() => clearInterval(again));
    on(motion, "change", () => (this.player.isStill = motion.matches));
    on(document.fonts, "loadingdone", () => this.#frames.ask());
    on(parts.reset, "click", () => {
      this.chart.zoom = null;
      this.#frames.ask();
    });
    on(parts.member, "change", () => {
      this.#member = Number(parts.member.value);
      this.#frames.ask();
    });
  }

  // -- Drawing -------------------------------------------------------------------------------

  #readTheme() {
    const { root } = this.parts;
    if (!this.#component || !root.isConnected) return;
    this.#theme = readTheme(root, this.#component.data.colours);
    applyTheme(root, this.#theme);
    this.#frames.ask();
  }

  #scene() {
    const { player } = this;
    const run = this.#run;
    return {
      theme: this.#theme,
      history: run?.history ?? NOTHING,
      member: this.#member,
      step: player.step,
      total: run?.total ?? null,
      isOver: run?.isOver ?? false,
      isStill: player.isStill,
      isFollowing: this.#isFollowing,
      others: [],
    };
  }

  #draw(seconds) {
    if (!this.#theme) return false;
    this.player.advance(seconds);
    const scene = this.#scene();
    const { history, step } = scene;
    // Under the reader's own hand nothing lags.
    const isDirect = scene.isStill || this.player.mode === "pause";
    Object.assign(scene, this.#glide.advance(history.heldOut, step, seconds, isDirect));
    scene.changes = changesUpTo(this.#run?.record?.config, scene.shownStep);
    scene.others = this.#company.scenes(step, seconds, isDirect);
    scene.beta = this.#run ? this.#run.betaAt(scene.shownStep, scene.member) : NaN;
    const moving = [
      this.#glide.isMoving,
      this.#company.isMoving,
      this.chart.draw(scene, seconds),
      this.plane.draw(scene, seconds),
      this.gallery.draw(scene, this.#run, seconds),
      this.player.isMoving,
    ];
    const isMoving = moving.some(Boolean);
    this.#write(scene, isMoving);
    return isMoving;
  }

  get #isFollowing() {
    return this.player.mode === "live" && !this.player.isOver;
  }

  #write(scene, isMoving) {
    const { parts, chart } = this;
    const now = performance.now();
    if (isMoving && this.#isFollowing && now - this.#wroteAt < WORDS_MS) return;
    this.#wroteAt = now;
    const run = this.#run;
    this.transport.update();
    this.equation.update(scene);
    // Beside a longer run the playhead may be where this one has never been.
    this.facts.update({ ...scene, step: Math.min(scene.step, scene.history.lastStep) }, run);
    this.legend.update(scene);
    setText(parts.reading, chart.reading(scene));
    parts.reset.hidden = chart.zoom === null;
    const { history, others } = scene;
    writeStatus(parts, { run, player: this.player, zoom: chart.zoom, history, others });
  }
}
