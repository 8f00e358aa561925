// A model as the browser has it: its weights, fetched once, and the codes of held-out images.

import { parse } from "../run/safetensors.js";
import { Decoder, Encoder, Unfit } from "./network.js";

const KEPT = 4; // models that are remembered, for a reader who goes to and fro

const known = new Map(); // address -> Model, the oldest first

/** The model that Python describes, fetched or remembered; `onChange` when more of it is there. */
export function modelOf(described, base, onChange) {
  const root = `${base}/api/runs/${encodeURIComponent(described.run)}`;
  const key = `${root} ${described.step} ${described.member}`;
  let model = known.get(key);
  if (!model || model.problem) {
    model = new Model(described, root);
    known.set(key, model);
    if (known.size > KEPT) known.delete(known.keys().next().value);
  }
  model.onChange = onChange;
  return model;
}

/** One model. What is not here yet is null; `problem` is a sentence where it cannot be had. */
export class Model {
  decoder = null;
  encoder = null;
  codes = null; // {images, labels, mean, logVar, negElbo, nearest, count}
  problem = null;
  encoderProblem = null;
  onChange = () => {};
  #asked = false;

  constructor(described, root) {
    this.described = described;
    this.root = root;
    this.side = Math.round(Math.sqrt(described.data));
    this.problem = described.problem ?? null;
    this.encoderProblem = described.encoder_problem ?? null;
    if (this.problem) return;
    this.#load("weights", "/decoder", (tensors) => {
      this.decoder = new Decoder(described, tensors);
    });
    this.#load("codes", "", (tensors) => {
      this.codes = codesOf(described, tensors);
    });
  }

  /** Fetch the encoder as well, if it has not been asked for. */
  wantEncoder() {
    if (this.#asked || this.encoderProblem || this.problem) return;
    this.#asked = true;
    this.#load("weights", "/encoder", (tensors) => {
      this.encoder = new Encoder(this.described, tensors);
    });
  }

  /** The mean of an image's code. */
  code(image) {
    const { latent } = this.described;
    return Float64Array.from(this.codes.mean.subarray(image * latent, (image + 1) * latent));
  }

  /** A held-out image, its pixels as bytes. */
  image(place) {
    const { data } = this.described;
    return this.codes.images.subarray(place * data, (place + 1) * data);
  }

  async #load(what, part, take) {
    const { step, member } = this.described;
    const address = `${this.root}/${what}/${step}${part}?member=${member}`;
    try {
      const answer = await fetch(new URL(address, document.baseURI));
      if (!answer.ok) throw new Unfit(await refusal(answer));
      take(parse(await answer.arrayBuffer()));
    } catch (error) {
      const isOurs = error instanceof Unfit;
      this.problem = isOurs
        ? error.message
        : "The model could not be fetched, or what came was damaged. Reload the page.";
    }
    this.onChange();
  }
}

async function refusal(answer) {
  try {
    return (await answer.json()).error;
  } catch {
    return `The site answered ${answer.status} where the model should be. Reload the page.`;
  }
}

function codesOf({ latent, data }, { images, labels, mean, log_var: logVar, neg_elbo: negElbo, nearest }) {
  const count = labels?.values.length ?? 0;
  const isWhole = mean?.values.length === count * latent && logVar?.values.length === count * latent
    && images?.values.length === count * data && count > 0;
  if (!isWhole || !mean.values.every(Number.isFinite) || !logVar.values.every(Number.isFinite)) {
    throw new Unfit("The codes of held-out images do not fit this model: it cannot be shown.");
  }
  return {
    count,
    images: images.values,
    labels: labels.values,
    mean: mean.values,
    logVar: logVar.values,
    negElbo: negElbo.values,
    nearest: nearest.values,
  };
}
