// Everything on screen: a model, the code under the hand, and what has to be drawn again.

import { Choice, make, setText } from "../run/dom.js";
import { addingUp, fixed, setting, uncertainty, whole } from "../run/format.js";
import { Frames } from "../run/frames.js";
import { buildLegend } from "../run/layout.js";
import { markElement } from "../run/marks.js";
import { applyTheme, readTheme, watchTheme } from "../run/theme.js";
import { gridDensity, priorDensity } from "./density.js";
import { Heat } from "./heat.js";
import { along, length, priorRadius, straight } from "./lines.js";
import { modelOf } from "./model.js";
import { rate } from "./network.js";
import { Noise } from "./noise.js";
import { Pad } from "./pad.js";
import { Plane } from "./plane.js";
import { PREPARED, nearest, prepared, shareBelow, thinned } from "./strokes.js";
import { Grid, Strip, Tile, Trail } from "./tiles.js";

const WORDS_MS = 100; // between two changes of numbers that nobody reads faster
const REMEMBERED = 20; // codes that the hand has left of late
const TRAIL = 12; // decodes of a trail at most
const STRIDE = 0.45; // standard deviations of the prior between two of them
const WAY = 9; // decodes of a way between two images
const SAMPLES = 50;
const CELLS = 96; // of a density along each side
const CODES_OF_A_DRAWING = 64;
const FAR = 0.99;
const EDGE = 0.9;
const DARKNESS =
  "The fuller the colour, the denser the codes; it is full from twice the prior's peak on. Crosses: the draws of the prior below.";

/** One component on a page. Its root element tells tests and readers of the page how it stands. */
export class View {
  #component = null;
  #theme = null;
  #model = null;
  #beside = null;
  #frames = new Frames(() => this.#draw());
  #z = null;
  #said = []; // the last codes that were told, newest first
  #isAtRest = true; // the hand does not move
  #pair = [];
  #saidPair = "";
  #tool = "drag";
  #drawn = null; // the drawing as the model sees it, its code and its terms
  #wroteAt = 0;
  #key = "";
  #legendKey = "";
  #undo = [];

  constructor(parent) {
    const redraw = () => this.#frames.ask();
    this.plane = new Plane({ begin: () => this.#begin(), move: (...to) => this.#move(...to), rest: () => this.#rest(), pick: (image) => this.#pick(image) }, redraw);
    this.image = new Tile("The decoded image");
    this.image.canvas.classList.add("decoded-image");
    this.seen = new Tile("The drawing as the model sees it");
    this.pad = new Pad((isOver) => this.#onDraw(isOver));
    this.trail = new Trail(TRAIL);
    this.straight = new Strip("Straight from A to B");
    this.along = new Strip("Along the sphere from A to B");
    this.grid = new Grid();
    this.heats = [0, 1, 2].map(() => new Heat(redraw));
    this.gaps = [0, 1].map(() => new Strip(""));
    this.extremes = ["Least likely: the largest D + R", "Likeliest: the smallest D + R"].map((title) => new Strip(title));
    this.#build();
    this.#undo.push(watchTheme(this.probe, () => this.#readTheme()));
    const onFonts = () => this.#frames.ask();
    document.fonts.addEventListener("loadingdone", onFonts);
    this.#undo.push(() => document.fonts.removeEventListener("loadingdone", onFonts));
    parent.querySelector(".reserved")?.remove();
    parent.append(this.root);
  }

  /** Take what Python says: which model, which view, which code. */
  update(component) {
    const { data } = component;
    const before = this.#component?.data;
    this.#component = component;
    const model = modelOf(data.model, data.base ?? "", () => this.#onModel());
    const isNew = model !== this.#model;
    this.#model = model;
    this.#beside = data.beside ? modelOf(data.beside, data.base ?? "", () => this.#onModel()) : null;
    const latent = data.model.latent;
    // What the address says is news, unless the hand itself has said it, now or a moment ago.
    const isMoved = data.z.join() !== before?.z.join() && !this.#said.includes(said(data.z));
    if (isMoved || this.#z?.length !== latent) {
      this.#z = Float64Array.from(data.z);
      this.#said = [said(this.#z)];
      this.trail.begin(STRIDE);
      this.#isAtRest = true;
    }
    const pair = data.pair.join();
    if (pair !== (before?.pair.join() ?? "") && (pair !== this.#saidPair || !pair)) {
      this.#pair = [...data.pair];
      this.#use(data.pair.length === 2 ? "between" : "drag");
    }
    if (isNew && before) this.#pair = [...data.pair];
    if (data.view === "Draw") model.wantEncoder();
    this.root.dataset.view = data.view;
    if (isNew) this.#onDraw(true);
    this.#readTheme();
  }

  destroy() {
    this.#frames.stop();
    for (const undo of this.#undo) undo();
    this.plane.destroy();
    for (const heat of this.heats) heat.destroy();
    this.root.remove();
  }

  // -- The skeleton --------------------------------------------------------------------------

  #build() {
    this.note = make("p", "sentence", { role: "status" });
    this.tools = new Choice("What a tap does", [
      ["drag", "Drag", "Drag the code; a tap on a point takes that image's whole code"],
      ["between", "A to B", "Tap two points, and see the ways between them"],
    ], (tool) => this.#use(tool));
    this.reset = button("To zero", "Set every dimension of the code to zero", () => this.#toZero());
    this.legend = make("div", "legend", { role: "group", "aria-label": "Labels" });
    this.words = make("p", "words");
    this.where = make("p", "where");
    this.caption = make("p", "words");
    this.terms = make("div", "terms");
    this.prepared = make("p", "words");
    this.seenFigure = make("div", "seen", {}, this.seen.canvas, make("p", "words", {}, "What the model sees."));
    const clear = button("Clear", "Begin again", () => this.pad.clear());
    const undo = button("Undo", "Take the last line back", () => this.pad.undo());
    this.drawPanel = panel("draw-panel", header("real", "circle", "Draw here"), this.pad.canvas,
      make("div", "seen", {}, undo, clear), this.seenFigure);
    this.planePanel = panel("plane-panel", make("header", "", {}, make("h3", "", {}, "Code plane"), this.tools.element, this.reset), this.plane.element, this.legend);
    this.imagePanel = panel("image-panel", header("dream", "square", "Decoded"), this.image.canvas, make("div", "beside-image", {}, this.where, this.terms));
    this.stage = make("div", "stage", {}, this.drawPanel, this.planePanel, this.imagePanel);
    this.strips = make("div", "strips", {}, this.trail.element, this.straight.element, this.along.element);
    this.save = button("Save the picture", "Save all samples as one PNG file", () => this.#savePicture());
    this.samples = panel("samples-panel", header("dream", "square", "Draws of the prior, decoded", this.save), this.grid.canvas);
    const titles = [["dream", "square"], ["real", "circle"], ["real", "circle"]];
    this.heatTitles = titles.map(([meaning, mark]) => header(meaning, mark, ""));
    this.cuts = titles.map(() => make("p", "words"));
    this.heatPanels = this.heats.map((heat, i) => panel("heat-panel", this.heatTitles[i], heat.canvas, this.cuts[i]));
    this.darkness = make("p", "words");
    this.holes = make("div", "holes", {}, make("div", "heats", {}, ...this.heatPanels), this.darkness, ...this.gaps.map(({ element }) => element));
    this.unlikely = make("div", "unlikely", {}, ...this.extremes.map(({ element }) => element),
      make("p", "words", {}, "Each image over its reconstruction; D + R in nats."));
    this.probe = make("i", "probe", { "aria-hidden": "true" });
    this.root = make("div", "run explorer", { "data-view": "", "data-painted": "0" }, this.probe, this.note, this.stage, this.caption, this.strips, this.prepared, this.samples, this.holes, this.unlikely);
    this.tools.set("drag");
  }

  // -- What the reader does ------------------------------------------------------------------

  #use(tool) {
    this.#tool = tool;
    this.tools.set(tool);
    this.plane.takesAny = tool === "between";
    this.#frames.ask();
  }

  #toZero() {
    this.#begin();
    this.#z.fill(0);
    this.#rest();
  }

  // A new way of the hand.
  #begin() {
    if (this.#tool === "between") return;
    const { frame } = this.plane.codes;
    this.trail.begin(frame ? Math.max(STRIDE, (frame.right - frame.left) / frame.unit / 14) : STRIDE);
  }

  #move(x, y, how) {
    if (this.#tool === "between" && how === "hand") return;
    this.#isAtRest = false;
    const [across, up] = this.#component.data.dims;
    this.#z[across] = x;
    if (up >= 0) this.#z[up] = y;
    this.#frames.ask();
  }

  // The hand has come to rest: the page hears of it, once.
  #rest() {
    this.#isAtRest = true;
    this.#frames.ask();
    if (this.#tool !== "between") this.#tell();
  }

  // The page hears of the code, and writes it into the address.
  #tell() {
    const text = said(this.#z);
    if (text === this.#said[0]) return;
    this.#said = [text, ...this.#said.slice(0, REMEMBERED)];
    this.#component.setStateValue("z", Array.from(this.#z, (value) => Number(value.toFixed(3))));
  }

  #pick(image) {
    if (this.#tool !== "between") {
      this.#z = this.#model.code(image);
      this.#rest();
      return;
    }
    this.#pair = this.#pair.length === 1 ? [...this.#pair, image] : [image];
    this.#saidPair = this.#pair.join();
    this.#frames.ask();
    if (this.#pair.length === 2) this.#component.setStateValue("pair", this.#pair);
  }

  #onDraw(isOver) {
    const { encoder, codes, decoder } = this.#model ?? {};
    const image = this.#model && prepared(this.pad.strokes, this.#model.described.dataset, this.#model.side);
    const previous = this.#drawn;
    this.#drawn = null;
    if (image && encoder && decoder) {
      const seen = asSeen(image, this.#model.described.likelihood);
      const code = encoder.encode(seen);
      this.#drawn = { seen, code, terms: previous?.terms ?? null };
      this.#z = code.mean;
      if (isOver && codes) this.#drawn.terms = this.#measured(seen, code);
      if (isOver) this.#tell();
    }
    this.#frames.ask();
  }

  // D over many codes of the drawing, R in closed form, and how far from the data it is.
  #measured(seen, code) {
    const { decoder, codes } = this.#model;
    const noise = new Noise(0, 7);
    const values = Array.from({ length: CODES_OF_A_DRAWING }, () => {
      decoder.decode(code.mean.map((value, j) => value + Math.exp(code.logVar[j] / 2) * noise.normal()));
      return decoder.distortion(seen);
    });
    const distortion = values.reduce((sum, value) => sum + value, 0) / values.length;
    const spread = values.reduce((sum, value) => sum + (value - distortion) ** 2, 0) / (values.length - 1);
    const r = rate(code);
    const distance = nearest(seen, codes.images);
    return {
      distortion,
      error: Math.sqrt(spread / values.length),
      rate: r,
      unlikelier: shareBelow(distortion + r, codes.negElbo),
      distance,
      further: shareBelow(distance, codes.nearest),
      thinned: thinned(this.pad.strokes, this.#model.described.dataset, this.#model.side),
    };
  }

  async #savePicture() {
    const file = await this.grid.file(Math.max(1, Math.round(56 / this.#model.side)));
    const { run, step } = this.#model.described;
    const { seed, temperature } = this.#component.data;
    const address = URL.createObjectURL(file);
    const name = `samples-${run}-step-${step}-draw-${seed}-temperature-${temperature}.png`;
    make("a", "", { href: address, download: name }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }

  // -- Drawing -------------------------------------------------------------------------------

  #onModel() {
    if (this.#component?.data.view === "Draw") this.#onDraw(true);
    this.#frames.ask();
  }

  #readTheme() {
    const { root } = this;
    if (!this.#component || !root.isConnected) return;
    this.#theme = readTheme(root, this.#component.data.colours);
    applyTheme(root, this.#theme);
    this.#key = ""; // everything is drawn again
    this.#frames.ask();
  }

  #draw() {
    const model = this.#model;
    if (!this.#theme || !model) return false;
    const { data } = this.#component;
    const problem = model.problem ?? this.#beside?.problem ?? null;
    setText(this.note, problem ?? (data.view === "Draw" ? model.encoderProblem : null) ?? "");
    this.note.hidden = !this.note.textContent;
    this.root.dataset.problem = problem ?? "";
    const isReady = Boolean(model.decoder && !model.problem);
    this.root.dataset.ready = String(isReady && Boolean(model.codes));
    const isPlane = data.view === "Explore" || data.view === "Draw";
    this.stage.hidden = !isReady || !isPlane;
    this.drawPanel.hidden = data.view !== "Draw" || Boolean(model.encoderProblem);
    this.samples.hidden = !isReady || data.view !== "Samples";
    this.holes.hidden = !isReady || data.view !== "Holes";
    this.unlikely.hidden = !isReady || data.view !== "Unlikely";
    this.strips.hidden = !isReady || data.view !== "Explore";
    this.caption.hidden = this.strips.hidden;
    this.prepared.hidden = !isReady || data.view !== "Draw";
    if (!isReady) return false;
    if (isPlane) this.#drawPlane(model, data);
    else this.#drawOnce(model, data);
    return false;
  }

  // What follows the hand: one decode, one small picture, one marker.
  #drawPlane(model, data) {
    const z = this.#z;
    const image = data.look === "draw" ? model.decoder.draw(z, new Noise(data.seed, 1)) : model.decoder.mean(z);
    this.image.paint(image);
    const isExploring = data.view === "Explore";
    const isBetween = isExploring && this.#tool === "between";
    this.reset.hidden = this.tools.element.hidden = !isExploring;
    const ends = isBetween && model.codes ? this.#pair.filter((i) => i < model.codes.count).map((i) => model.code(i)) : [];
    if (isExploring && !isBetween) this.trail.offer(z, image);
    const ways = ends.length === 2 ? waysBetween(...ends) : null;
    const drawing = data.view === "Draw" ? this.#drawn?.code : null;
    // The way is drawn when the hand rests: under it nothing is drawn that need not be.
    const way = isExploring && !isBetween && this.#isAtRest ? [...this.trail.points, z] : [];
    const key = [way.map(said), ends.map(said), drawing && said(drawing.mean), drawing && said(drawing.logVar), isBetween].join("|");
    const words = `The code is at ${data.dims.filter((dim) => dim >= 0).map((dim) => `z${dim + 1} ${fixed(z[dim], 2)}`).join(", ")}.`;
    this.plane.draw(this.#theme, { model, dims: data.dims, key, trail: way, ends, ways, drawing, words });
    this.plane.mark(z);
    this.#drawLegend(model);
    const now = performance.now();
    if (now - this.#wroteAt < WORDS_MS) {
      clearTimeout(this.late);
      this.late = setTimeout(() => this.#frames.ask(), WORDS_MS);
    } else {
      this.#wroteAt = now;
      this.#write(model, data, z);
    }
    if (isExploring) this.#drawWays(model, data, ends, ways, isBetween);
    if (this.#drawn) this.seen.paint(this.#drawn.seen);
    this.seenFigure.hidden = !this.#drawn;
  }

  #drawWays(model, data, ends, ways, isBetween) {
    this.trail.element.hidden = isBetween;
    this.straight.element.hidden = this.along.element.hidden = !ways;
    const key = `${model.root} ${model.described.step} ${ends.map(said).join("|")} ${data.look} ${data.seed} ${isBetween}`;
    if (key === this.#key) return;
    this.#key = key;
    let text = isBetween ? ["Tap: the nearest image is A.", "Now tap for B."][ends.length % 2] : "";
    if (ways) {
      for (const [strip, way] of [[this.straight, ways.straight], [this.along, ways.along]]) {
        strip.show(WAY, (tile, i) => tile.paint(this.#look(model, data, way[i])), (i) => `|z| ${fixed(length(way[i]), 2)}`);
      }
      const least = (way) => fixed(Math.min(...way.map(length)), 2);
      const { mean, spread } = priorRadius(model.described.latent);
      text = `The straight way comes down to |z| = ${least(ways.straight)}, the arc to ${least(ways.along)}. The prior's draws lie at |z| = ${fixed(mean, 2)} ± ${fixed(spread, 2)} in ${model.described.latent} dimensions.`;
    }
    setText(this.caption, text);
  }

  #look(model, data, z) {
    return data.look === "draw" ? model.decoder.draw(z, new Noise(data.seed, 1)) : model.decoder.mean(z);
  }

  #write(model, data, z) {
    const latent = model.described.latent;
    const shown = data.dims.filter((dim) => dim >= 0).map((dim) => `z${dim + 1} = ${fixed(z[dim], 2)}`);
    const held = latent > shown.length ? `, ${latent - shown.length} held` : "";
    setText(this.where, `${shown.join(", ")}${held}; |z| = ${fixed(length(z), 2)}`);
    Object.assign(this.root.dataset, { z: said(z), painted: String(this.image.painted) });
    this.trail.canvas.setAttribute("aria-label", `${this.trail.points.length} decodes along the way of the hand.`);
    this.where.hidden = data.view === "Draw" && !this.#drawn;
    const { dataset } = model.described;
    setText(this.prepared, data.view === "Draw" ? `${PREPARED[dataset] ?? ""} The address keeps the code of a drawing, not its lines.` : "");
    const terms = data.view === "Draw" ? this.#drawn?.terms : null;
    this.terms.hidden = !terms;
    if (terms) this.#writeTerms(terms, model.codes.count);
  }

  #writeTerms(terms, count) {
    const [d, r, total] = addingUp([terms.distortion, terms.rate]);
    const beyond = Math.max(terms.unlikelier, terms.further);
    const isFar = beyond >= FAR || terms.thinned !== "";
    const rows = [
      make("p", "equation-line", {}, make("b", "distortion-text", {}, `D ${d}`), " + ", make("b", "rate-text", {}, `R ${r}`), ` = ${total} ± ${uncertainty(terms.error)} nats`),
      make("p", "words", {}, `Larger than for ${Math.round(100 * terms.unlikelier)} % of ${count} held-out images. Distance to the nearest of them: ${fixed(terms.distance, 2)}, larger than for ${Math.round(100 * terms.further)} %.`),
    ];
    const words = isFar ? `Far from the data: ${terms.thinned || "beyond 99 % of held-out images."}` : "At the edge of the data: beyond 90 % of held-out images.";
    if (isFar || beyond >= EDGE) rows.unshift(make("p", "far", {}, words));
    this.terms.replaceChildren(...rows);
    this.terms.dataset.far = String(isFar);
  }

  // Samples, holes and the unlikely change only with what Python says, or with what has come.
  #drawOnce(model, data) {
    if (data.view === "Holes") this.#drawHeats(model, data);
    const { look, seed, temperature, view } = data;
    const key = [view, look, seed, temperature, model.root, model.described.step, model.described.member, Boolean(model.codes), this.root.clientWidth < 480,
      this.#beside?.root, Boolean(this.#beside?.codes && this.#beside?.decoder), Boolean(data.gaps?.[1])].join();
    if (key === this.#key) return;
    this.#key = key;
    if (view === "Samples") this.#drawSamples(model, data);
    if (view === "Holes") this.#drawGaps(model, data);
    if (view === "Unlikely") this.#drawExtremes(model, data);
    this.root.dataset.drawn = key;
  }

  #drawSamples(model, { look, seed, temperature }) {
    const codes = new Noise(seed, 2);
    const pixels = new Noise(seed, 3);
    const { decoder, side, described } = model;
    this.grid.paint(SAMPLES, this.root.clientWidth < 480 ? 5 : 10, side, () => {
      const z = codes.code(described.latent, temperature);
      return look === "draw" ? decoder.draw(z, pixels) : decoder.mean(z);
    });
    const what = look === "draw" ? "each a draw from the decoder" : "each the decoder's mean";
    this.grid.canvas.setAttribute("aria-label", `${SAMPLES} draws of the prior at temperature ${setting(temperature)}, ${what}.`);
  }

  #drawHeats(model, { dims, dims_beside: dimsBeside }) {
    const names = [model, this.#beside].map((each) => each && `Codes at ${each.described.name}`);
    this.heatPanels[2].hidden = !this.#beside;
    setText(this.darkness, dims[1] < 0 ? `The code has one dimension, across; upwards it is spread like the prior, to be seen. ${DARKNESS}` : DARKNESS);
    const { cuts } = this.#component.data;
    ["", cuts?.[0] ?? "", cuts?.[1] ?? ""].forEach((text, i) => setText(this.cuts[i], text));
    const halves = [[model, dims], [this.#beside, dimsBeside]].map(([each, plane]) => (each?.codes ? reach(each, plane) : 4));
    const widths = [halves[0], ...halves].map((half) => `to ±${Number(half.toFixed(1))}`);
    ["The prior N(0, I)", ...names].forEach((name, i) => setText(this.heatTitles[i].querySelector("span"), name ? `${name}, ${widths[i]}` : ""));
    const { gaps } = this.#component.data;
    const draw = (i, each, meaning, half, plane) => {
      const key = `${each?.root} ${each?.described.step} ${each?.described.member} ${Boolean(each?.codes)} ${plane} ${half}`;
      if (each && !each.codes) return;
      const places = each && gaps ? gaps[each === model ? 0 : 1]?.z ?? [] : [];
      this.heats[i].draw(this.#theme, {
        key,
        cells: CELLS,
        half,
        meaning,
        dims: plane,
        grid: each ? density(each, plane, half) : priorDensity({ half, cells: CELLS }),
        places: places.map((z) => [z[plane[0]], plane[1] < 0 ? 0 : z[plane[1]]]),
        words: each ? `Density of the codes of ${each.codes.count} held-out images, ${each.described.name}, with the prior's contours at 1 and 2 standard deviations.` : "Density of the prior, with its contours at 1 and 2 standard deviations.",
      });
    };
    draw(0, null, "dream", halves[0], dims);
    draw(1, model, "real", halves[0], dims);
    if (this.#beside) draw(2, this.#beside, "real", halves[1], dimsBeside);
  }

  #drawGaps(model, { gaps, look, seed }) {
    [model, this.#beside].forEach((each, i) => {
      const found = gaps?.[i];
      this.gaps[i].element.hidden = !found || !each?.decoder;
      if (!found || !each?.decoder) return;
      setText(this.gaps[i].title, `${each.described.name}: draws of the prior that the codes leave emptiest, and by how many nats`);
      this.gaps[i].show(found.z.length, (tile, k) => tile.paint(this.#look(each, { look, seed }, found.z[k])), (k) => `+${found.missing[k] < 100 ? fixed(found.missing[k]) : whole(found.missing[k])}`);
    });
  }

  #drawExtremes(model, { extremes }) {
    if (!model.codes || !extremes) return;
    extremes.forEach(({ images, distortion, rate: rates }, row) => {
      this.extremes[row].show(
        2 * images.length,
        (tile, k) => {
          const image = images[k % images.length];
          if (k < images.length) tile.paintBytes(model.image(image));
          else tile.paint(model.decoder.mean(model.code(image)));
        },
        (k) => (k < images.length ? "" : fixed(distortion[k - images.length] + rates[k - images.length])),
      );
    });
  }

  #drawLegend(model) {
    const key = model.codes ? `${model.root} ${this.#theme.id}` : "";
    if (key === this.#legendKey || !key) return;
    this.#legendKey = key;
    buildLegend(this.legend, {
      labels: [...new Set(model.codes.labels)].sort((a, b) => a - b),
      names: model.described.labels,
      look: this.#theme.of.labels,
      onHighlight: (label) => {
        this.plane.codes.highlight = label;
        this.#frames.ask();
      },
    });
  }
}

function waysBetween(a, b) {
  const shares = Array.from({ length: WAY }, (_, i) => i / (WAY - 1));
  return { straight: shares.map((t) => straight(a, b, t)), along: shares.map((t) => along(a, b, t)) };
}

const densities = new WeakMap(); // model -> {key, grid}

function density(model, dims, half) {
  const key = `${dims} ${half}`;
  const kept = densities.get(model);
  if (kept?.key === key) return kept.grid;
  const { latent } = model.described;
  const codes = model.codes;
  // A code of one dimension has the prior in the other.
  const plain = dims[1] < 0 ? withSecond(codes) : codes;
  const grid = gridDensity(plain, { latent: dims[1] < 0 ? 2 : latent, dims: dims[1] < 0 ? [0, 1] : dims, half, cells: CELLS });
  densities.set(model, { key, grid });
  return grid;
}

function withSecond({ mean, logVar }) {
  const double = (values) => Float32Array.from({ length: 2 * values.length }, (_, i) => (i % 2 ? 0 : values[i >> 1]));
  return { mean: double(mean), logVar: double(logVar) };
}

// Half the width of a view that holds all codes of a plane, and the prior at three sd and more.
function reach({ codes, described: { latent } }, dims) {
  let most = 3.4;
  for (const dim of dims) {
    for (let i = 0; dim >= 0 && i < codes.count; i += 1) most = Math.max(most, Math.abs(codes.mean[i * latent + dim]));
  }
  return most > 3.4 ? Math.ceil(1.05 * most) : most;
}

// Grey pixels become black and white where the likelihood wants them so, by a fixed draw.
function asSeen(image, likelihood) {
  if (likelihood !== "bernoulli_dynamic" && likelihood !== "bernoulli_static") return image;
  const noise = new Noise(0, 9);
  return image.map((value) => Number(noise.uniform() < value));
}

function said(z) {
  return Array.from(z, (value) => String(Number(value.toFixed(3)) + 0)).join(",");
}

function panel(name, ...children) {
  return make("section", `panel ${name}`, {}, ...children);
}

function header(meaning, mark, words, ...others) {
  const title = make("h3", `${meaning}-text`, {}, markElement(document, mark), make("span", "", {}, words));
  return make("header", "", {}, title, ...others);
}

function button(words, title, onClick) {
  const element = make("button", "small", { type: "button", title }, words);
  element.addEventListener("click", onClick);
  return element;
}
