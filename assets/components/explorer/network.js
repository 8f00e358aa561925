// The trained networks on typed arrays: what the model computes, number by number, in the browser.

/** A model that cannot be shown; its message is a sentence for the page. */
export class Unfit extends Error {}

/**
 * The decoder of a model: from a code to one number for each pixel.
 *
 * `model` says `latent`, `hidden` (the encoder's widths), `data`, `likelihood` and `scale`;
 * `tensors` are its weights as a safetensors file holds them.
 */
export class Decoder {
  constructor(model, tensors) {
    const widths = [model.latent, ...model.hidden.toReversed(), model.data];
    this.layers = layersOf(tensors, "decoder", widths);
    this.isBernoulli = model.likelihood.startsWith("bernoulli");
    const learned = model.likelihood === "gaussian_learned";
    this.scale = learned ? Math.exp(sized(tensors, "log_scale", [1])[0]) : model.scale;
    this.code = new Float64Array(model.latent);
    this.output = this.layers.at(-1).output;
    this.image = new Float32Array(model.data);
  }

  /** What the decoder says of each pixel of a code: a logit, or a mean. Overwritten by the next. */
  decode(z) {
    this.code.set(z);
    return through(this.layers, this.code);
  }

  /** The image the decoder expects of a code, pixels from 0 to 1. Overwritten by the next. */
  mean(z) {
    const output = this.decode(z);
    const { image } = this;
    for (let i = 0; i < image.length; i += 1) image[i] = this.#mean(output[i]);
    return image;
  }

  /** A draw from the decoder: `noise` gives a uniform number, then a standard normal one. */
  draw(z, noise) {
    const image = this.mean(z);
    for (let i = 0; i < image.length; i += 1) {
      image[i] = this.isBernoulli
        ? Number(noise.uniform() < image[i])
        : clamp(this.output[i] + this.scale * noise.normal());
    }
    return image;
  }

  /** Distortion of an image with the code decoded last: -log q(x|z), in nats. */
  distortion(x) {
    const { output, scale } = this;
    let sum = 0;
    if (this.isBernoulli) {
      for (let i = 0; i < x.length; i += 1) sum += softplus(output[i]) - x[i] * output[i];
      return sum;
    }
    for (let i = 0; i < x.length; i += 1) sum += (x[i] - output[i]) ** 2;
    return sum / (2 * scale ** 2) + x.length * (Math.log(scale) + 0.5 * Math.log(2 * Math.PI));
  }

  #mean(value) {
    return this.isBernoulli ? 1 / (1 + Math.exp(-value)) : clamp(value);
  }
}

/** The encoder of a model: from an image to a Gaussian over codes. */
export class Encoder {
  constructor(model, tensors) {
    const widths = [model.data, ...model.hidden];
    this.layers = layersOf(tensors, "encoder", widths);
    const width = widths.at(-1);
    this.latent = model.latent;
    this.weight = sized(tensors, "heads.weight", [2 * model.latent, width]);
    this.bias = sized(tensors, "heads.bias", [2 * model.latent]);
  }

  /** Mean and log-variance of an image's code, as two fresh arrays. */
  encode(x) {
    const hidden = through(this.layers, x, true);
    const heads = Float64Array.from(this.bias);
    for (let row = 0, at = 0; row < heads.length; row += 1) {
      let sum = 0;
      for (let i = 0; i < hidden.length; i += 1, at += 1) sum += this.weight[at] * hidden[i];
      heads[row] += sum;
    }
    return { mean: heads.slice(0, this.latent), logVar: heads.slice(this.latent) };
  }
}

/** Rate of a Gaussian code: its KL from the prior, in closed form, in nats. */
export function rate({ mean, logVar }) {
  let sum = 0;
  mean.forEach((value, j) => {
    sum += value ** 2 + Math.max(0, Math.expm1(logVar[j]) - logVar[j]);
  });
  return sum / 2;
}

// log(1 + e^l), without the overflow.
function softplus(logit) {
  return Math.max(logit, 0) + Math.log1p(Math.exp(-Math.abs(logit)));
}

function clamp(value) {
  return Math.max(0, Math.min(1, value));
}

function layersOf(tensors, part, widths) {
  const layers = [];
  for (let i = 0; i + 1 < widths.length; i += 1) {
    const [inputs, outputs] = widths.slice(i, i + 2);
    layers.push({
      weight: sized(tensors, `${part}.${i}.weight`, [inputs, outputs]),
      bias: sized(tensors, `${part}.${i}.bias`, [outputs]),
      // Sums are kept in double precision: they are closer, and no slower.
      output: new Float64Array(outputs),
      active: new Int32Array(inputs),
    });
  }
  return layers;
}

/** The values of a tensor, once they are known to be as many as they must be, and numbers. */
function sized(tensors, name, shape) {
  const tensor = tensors[name];
  const size = tensor?.shape.join(" x ") ?? "nothing";
  if (size !== shape.join(" x ") || !(tensor.values instanceof Float32Array)) {
    throw new Unfit(`The weights ${name} must have the size ${shape.join(" x ")}, got ${size}: this model cannot be shown.`);
  }
  if (!tensor.values.every(Number.isFinite)) {
    throw new Unfit(`The weights ${name} hold a value that is no number: the training of this model went astray. Choose another run or an earlier step.`);
  }
  return tensor.values;
}

// Every layer but the last is rectified, and the last one too where it is hidden.
function through(layers, input, isHidden = false) {
  let values = input;
  layers.forEach((layer, i) => {
    values = dense(values, layer, isHidden || i + 1 < layers.length);
  });
  return values;
}

// A layer whose weights stand as [inputs, outputs]. Inputs that are zero, half of a rectified
// layer and most of a digit, cost nothing; four of the others are added in one pass.
function dense(input, { weight, bias, output, active }, isRectified) {
  const width = output.length;
  output.set(bias);
  let count = 0;
  for (let i = 0; i < input.length; i += 1) if (input[i] !== 0) active[count++] = i;
  let k = 0;
  for (; k + 3 < count; k += 4) {
    const [a, b, c, d] = [active[k] * width, active[k + 1] * width, active[k + 2] * width, active[k + 3] * width];
    const [xa, xb, xc, xd] = [input[active[k]], input[active[k + 1]], input[active[k + 2]], input[active[k + 3]]];
    for (let j = 0; j < width; j += 1) {
      output[j] += xa * weight[a + j] + xb * weight[b + j] + xc * weight[c + j] + xd * weight[d + j];
    }
  }
  for (; k < count; k += 1) {
    const start = active[k] * width;
    const x = input[active[k]];
    for (let j = 0; j < width; j += 1) output[j] += x * weight[start + j];
  }
  if (isRectified) for (let j = 0; j < width; j += 1) if (output[j] < 0) output[j] = 0;
  return output;
}
