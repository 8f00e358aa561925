// The view of the page on density estimation: one picture, its numbers, and a player where there
// is a way to walk.

import { Address } from "../run/address.js";
import { Frames } from "../run/frames.js";
import { drawMark } from "../run/marks.js";
import { Player } from "../run/player.js";
import { Transport } from "../run/transport.js";
import { say } from "../divergence/frame.js";
import { SceneView } from "../scene/view.js";
import { barsOf, curvesOf, numbersOf } from "./account.js";
import { drawBars, drawCurves } from "./charts.js";
import { added, placeOf, pointAt, read, write } from "./drawing.js";
import { drawPicture } from "./plane.js";
import { Sent, Trained } from "./walk.js";

const FALL_S = 0.7; // how long a sample falls
const SPREAD_S = 0.8; // between the first of a push and the last
const PACE_S = 4; // a way that is all here is walked in so many seconds
const NUDGE = 0.1;
const KEYS = {
  drawing: "Arrow keys move a cross, Enter puts a point there, Backspace takes the last one away.",
  walk: "Left and right go through the steps.",
  sizes: "Left and right choose the size of the model.",
  ways: "Arrow keys move the place where both fits begin.",
};

export class View extends SceneView {
  #walk = null; // frames, or null where there are none
  #shown = ""; // what the walk belongs to
  #fall = { from: 0, of: "", seconds: Infinity };
  #cursor = [50, 50];
  #toldState = null;
  #address = new Address();
  #asked = null; // the step to rest at as soon as it is known

  constructor(parent) {
    super(parent, "density");
    const motion = matchMedia("(prefers-reduced-motion: reduce)");
    this.player = new Player({ pace: PACE_S, isStill: motion.matches });
    this.transport = new Transport(this.player, this.#playback(), () => this.#stepWords());
    this.transport.pace.element.hidden = true;
    this.root.append(this.transport.element);
    this.going = new Frames((seconds) => this.#advance(seconds));
    this.canvas.addEventListener("keydown", (event) => this.#onDrawingKey(event));
  }

  update(component) {
    this.component = component;
    const { data } = component;
    this.#takeFall(data);
    this.#takeWalk(data);
    super.update(component);
    this.isAsked = true; // the numbers are those of the frame, which Python does not choose
    this.transport.element.hidden = !this.#walk || data.kind === "sizes";
    this.#address.repeat();
    this.going.ask();
  }

  destroy() {
    this.going.stop();
    this.#address.close();
    this.#walk?.close();
    super.destroy();
  }

  // -- What falls, and what is walked through ----------------------------------------------------

  // Samples that were there before stay; the others fall.
  #takeFall({ kind, samples, draw, real, strokes }) {
    if (kind !== "box") return;
    const of = JSON.stringify([draw, samples[0] ?? null, strokes ?? real?.means?.length ?? 0]);
    const isMore = of === this.#fall.of && samples.length > this.#fall.count;
    const from = isMore ? this.#fall.count : of === this.#fall.of ? samples.length : 0;
    const isStill = this.player.isStill || this.isMoving || from === samples.length;
    if (of !== this.#fall.of || samples.length !== this.#fall.count) {
      this.#fall = { of, from, count: samples.length, seconds: isStill ? Infinity : 0 };
    }
  }

  #takeWalk(data) {
    const key = JSON.stringify([data.kind, data.run ?? null, data.steps ?? null, data.seen ?? data.forward ?? null]);
    if (key === this.#shown) {
      if (this.#walk?.isLive) this.#walk.run.hear(data);
      return;
    }
    this.#shown = key;
    this.#walk?.close();
    this.#walk = null;
    delete this.root.dataset.lastStep;
    this.player.reset();
    this.#asked = data.kind === "sizes" ? null : this.#address.asked();
    if (this.#asked === null) this.#address.leave();
    if (data.run) this.#follow(data);
    else if (data.steps) {
      this.player.pace = PACE_S;
      this.#walk = new Sent(data);
      this.#walk.inform(this.player);
      this.player.seek(data.picked);
      this.#seekAsked();
    }
  }

  // A link may lead to a step that is not here yet, or never will be.
  #seekAsked() {
    const place = this.#asked === null ? null : this.#walk.placeOf(this.#asked);
    if (place === null) {
      if (!this.#walk.isLive && this.#asked !== null) this.#address.leave();
      return;
    }
    this.player.seek(place);
    this.#asked = null;
  }

  // Whoever rests at a step can send a link to it.
  #rest() {
    this.#asked = null;
    if (this.scene.kind === "sizes" || this.player.mode !== "pause" || this.transport.isHeld) return;
    this.#address.rest(this.#walk.nameOf(this.player.step));
  }

  #stepWords() {
    const { name, labels, steps } = this.scene;
    if (this.#walk?.isLive) return `step ${Math.max(0, Math.round(this.player.step))} of ${this.player.extent}`;
    return steps ? `${name} ${labels[this.frame]} of ${labels.at(-1)}` : "no steps yet";
  }

  // A training that appears while we watch is played from its start.
  #follow(data) {
    this.player.pace = data.pace;
    this.#toldState = told(data);
    const isFresh = data.state !== "done";
    this.#walk = new Trained({ run: data.run, base: data.base ?? "" }, {
      changed: () => this.#onChange(),
      state: (record, isFirst) => this.#onState(record, isFirst && isFresh),
      connection: () => {},
    });
  }

  #onState(record, isFresh) {
    this.#walk.inform(this.player);
    if (isFresh && !this.player.isStill && this.#asked === null) this.player.play();
    this.#seekAsked();
    if (told(record) !== this.#toldState) {
      this.#toldState = told(record);
      this.component.setStateValue("state", this.#toldState);
    }
    this.going.ask();
  }

  #onChange() {
    this.#walk?.inform(this.player);
    if (this.#walk) this.#seekAsked();
    this.going.ask();
  }

  #advance(seconds) {
    this.player.advance(seconds);
    const isFalling = this.#fall.seconds < FALL_S + SPREAD_S;
    if (isFalling) this.#fall.seconds += seconds;
    this.transport.update();
    this.redraw();
    return this.player.isMoving || isFalling;
  }

  #playback() {
    const { player } = this;
    const then = (act) => (value) => {
      act(value);
      this.going.ask();
    };
    const resting = (act) =>
      then((value) => {
        act(value);
        this.#rest();
      });
    return {
      play: then(() => {
        player.play();
        this.#asked = null;
        this.#address.leave();
      }),
      pause: resting(() => player.pause()),
      seek: resting((step) => player.seek(step)),
      hop: resting((count) => player.hop(count)),
      drag: then((step) => player.drag(step)),
      rest: resting(() => player.seek(player.step)),
      pace: then(() => {}),
    };
  }

  get frame() {
    return this.#walk ? this.#walk.frameAt(this.player.step) : 0;
  }

  // -- Drawing -----------------------------------------------------------------------------------

  draw(context) {
    const { scene } = this;
    this.root.dataset.frame = String(this.frame);
    this.root.dataset.state = this.#walk?.isLive ? (this.#walk.run.state ?? "") : "";
    if (scene.kind === "box") return this.#drawBox(context);
    const { picture, chart, bars } = this.#boxes();
    const axes = drawPicture(context, this.theme, this.surface.ratio, picture, this.#picture());
    if (scene.kind === "ways") this.#drawStart(context, axes);
    const curves = curvesOf(this.#account);
    if (curves) axes.chart = drawCurves(context, this.theme, this.surface.ratio, chart, curves);
    const rows = barsOf(this.#account);
    if (rows) drawBars(context, this.theme, this.surface.ratio, bars, rows);
    return axes;
  }

  #boxes() {
    const { width, height } = this.surface;
    const { rem } = this.theme;
    if (width < 30 * rem) {
      const floor = Math.min(0.56 * height, width);
      const middle = floor + 0.62 * (height - floor);
      const picture = { left: 0, right: width, top: 0.2 * rem, bottom: floor };
      return { picture, chart: { left: 0, right: width, top: floor + 0.5 * rem, bottom: middle }, bars: { left: 0, right: width, top: middle + 0.3 * rem, bottom: height } };
    }
    const across = this.scene.dims === 1 ? 0.5 * width : Math.min(height, 0.5 * width);
    const left = across + 1.4 * rem;
    const middle = height - (this.scene.kind === "ways" ? 6.2 : 5) * rem;
    return {
      picture: { left: 0, right: across, top: 0.2 * rem, bottom: height - 0.2 * rem },
      chart: { left, right: width, top: 0, bottom: middle },
      bars: { left, right: width - 0.2 * rem, top: middle + 0.3 * rem, bottom: height },
    };
  }

  #picture() {
    const { scene, frame, theme } = this;
    const { dims, samples, real } = scene;
    const look = { colour: theme.of.dream.colour, dash: theme.of.dream.dash, width: 0.18 };
    if (scene.kind === "ways") {
      const models = [
        { law: scene.covering[frame], look, name: "covers" },
        { law: scene.seeking[frame], look: { ...look, dash: [] }, name: "seeks", isBelow: true },
      ];
      return { dims, samples, real, models };
    }
    const law = this.#walk?.isLive ? this.#trained() : scene.models?.[frame];
    return { dims, samples, real, models: law ? [{ law, look, isShaded: true }] : [] };
  }

  // The root says of which step it is, for whoever looks from outside.
  #trained() {
    const found = this.#walk.snapshotAt(this.player.step);
    if (found) this.root.dataset.lastStep = String(found.step);
    return found?.density;
  }

  #drawBox(context) {
    const { scene, theme, surface } = this;
    const { rem } = theme;
    const isDrawing = scene.strokes !== null && scene.strokes !== undefined;
    const hint = isDrawing ? "draw in the square" : "";
    const box = { left: 0, right: surface.width, top: 0.2 * rem, bottom: surface.height - 0.2 * rem };
    const { from, count, seconds } = this.#fall;
    const fallen = (i) => {
      if (i < from || seconds === Infinity) return 1;
      const began = (SPREAD_S * (i - from)) / Math.max(1, count - from);
      return Math.max(0, Math.min(1, (seconds - began) / FALL_S)) ** 2;
    };
    const { dims, samples, real } = scene;
    const axes = drawPicture(context, theme, surface.ratio, box, { dims, samples: this.isMoving ? [] : samples, real: this.isMoving ? null : real, models: [], fallen });
    if (!isDrawing) return axes;
    say(context, theme, hint, axes.plot.right - 0.5 * rem, axes.plot.bottom - 0.6 * rem, { align: "right", colour: theme.of.bound.text });
    context.fillStyle = theme.text;
    for (const point of read(scene.strokes)) {
      const [x, y] = placeOf(point);
      drawMark(context, "plus", axes.xAxis.at(x), axes.yAxis.at(y), 0.3 * rem);
    }
    if (this.canvas.matches(":focus-visible")) {
      const [x, y] = placeOf(this.#cursor);
      drawMark(context, "cross", axes.xAxis.at(x), axes.yAxis.at(y), 0.7 * rem);
    }
    return axes;
  }

  #drawStart(context, axes) {
    const { scene, theme } = this;
    const [x, y] = scene.start;
    const place = [axes.xAxis.at(x), scene.dims === 2 ? axes.yAxis.at(y) : axes.yAxis.at(0)];
    context.fillStyle = theme.paper;
    drawMark(context, "plus", ...place, 0.8 * theme.rem);
    context.fillStyle = theme.text;
    drawMark(context, "plus", ...place, 0.6 * theme.rem);
  }

  get #account() {
    const { scene, frame, theme } = this;
    return { scene, frame, of: theme.of, walk: this.#walk };
  }

  estimates() {
    return numbersOf(this.#account);
  }

  said(numbers) {
    const { scene } = this;
    const told = numbers.map(({ label, text: value }) => `${label} ${value}`.trim()).join(", ");
    const where = this.#walk && !this.#walk.isLive ? ` At ${scene.name} ${scene.labels[this.frame]}.` : "";
    return `${scene.alt ?? ""}${where}${told ? ` ${told}.` : ""}`;
  }

  // -- Hands -------------------------------------------------------------------------------------

  keys() {
    const { kind, strokes, steps } = this.scene;
    if (kind === "box") return typeof strokes === "string" ? KEYS.drawing : null;
    if (kind === "sizes" || kind === "ways") return KEYS[kind];
    return steps ? KEYS.walk : null;
  }

  grip(event) {
    const { kind, strokes } = this.scene;
    const { plot, chart } = this.axes;
    const { offsetX: x, offsetY: y } = event;
    const isIn = (box) => box && x >= box.left && x <= box.right && y >= box.top && y <= box.bottom;
    if (chart && this.#walk && isIn(chart.plot)) return { name: "frame" };
    if (kind === "ways" && isIn(plot)) return { name: "start" };
    if (kind === "box" && typeof strokes === "string" && isIn(plot)) return { name: "stroke", isNew: true };
    return null;
  }

  follow(event) {
    const { xAxis, yAxis } = this.axes;
    const { name } = this.held;
    if (name === "frame") this.#pickAt(event.offsetX);
    else if (name === "start") this.#startAt([xAxis.value(event.offsetX), yAxis.value(event.offsetY)]);
    else this.#strokeTo(pointAt(xAxis.value(event.offsetX), yAxis.value(event.offsetY)));
  }

  press(way, event) {
    const { kind, start } = this.scene;
    if (kind === "box") {
      this.#cursor = this.#cursor.map((value, i) => Math.max(0, Math.min(100, value + 4 * way[i])));
      this.redraw();
      return false;
    }
    if (kind === "ways") {
      this.held = { name: "start" };
      const size = event.shiftKey ? 5 * NUDGE : NUDGE;
      this.#startAt(start.map((value, i) => value + size * way[i]));
      return true;
    }
    this.held = { name: "frame" };
    this.player.hop(way[0] || way[1]);
    this.#rest();
    this.going.ask();
    return kind === "sizes";
  }

  moved() {
    const { kind, sizes, key, start, strokes } = this.scene;
    if (this.held?.name === "start") return { start };
    if (kind === "box") return { drawn: strokes };
    return kind === "sizes" ? { [key]: sizes[this.frame] } : {};
  }

  #pickAt(pixel) {
    const { xAxis } = this.axes.chart;
    const { xs } = curvesOf(this.#account);
    const value = xAxis.value(pixel);
    const nearest = xs.reduce((best, x, i) => (Math.abs(x - value) < Math.abs(xs[best] - value) ? i : best), 0);
    this.player.seek(this.#walk.isLive ? this.#walk.steps[nearest] : nearest);
    this.#rest();
    this.going.ask();
  }

  #startAt(place) {
    const start = place.slice(0, this.scene.dims).map((value) => Number((Math.round(Math.max(-3, Math.min(3, value)) * 10) / 10).toFixed(1)));
    this.show({ start });
  }

  // A new stroke goes on from the old ones.
  #strokeTo(point) {
    this.show({ strokes: write(added(read(this.scene.strokes), point, this.scene.most)) });
  }

  #onDrawingKey(event) {
    if (this.scene?.kind !== "box" || typeof this.scene.strokes !== "string") return;
    if (event.key === "Enter") this.#strokeTo(this.#cursor);
    else if (event.key === "Backspace") this.show({ strokes: write(read(this.scene.strokes).slice(0, -1)) });
    else return;
    event.preventDefault();
    this.held = { name: "stroke" };
    this.rest();
  }
}

function told({ state, attempt }) {
  return `${state ?? ""} ${attempt ?? ""}`;
}
