// A random network in f64 with a real forward and backward pass, and the factors by which a gradient changes
// from each layer to the one before: weights, slope of the activation, and the norm's 1/σ.

import { ACTIVATIONS } from './activations.js';
import { EPSILON } from './norms.js';
import { Stream } from './random.js';

/** Units of each layer, and examples of the batch. */
export const UNITS = 48;
export const BATCH = 48;

/** The streams of random numbers: weights, biases, inputs, and the gradient that enters at the last layer. */
const PURPOSE = { weights: 111, biases: 112, inputs: 113, gradient: 114 };

/** Root mean square of numbers. @param {Float64Array} values */
const rms = (values) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);

/** `length` numbers of a stream, uniform within ±bound or, without one, standard normal. */
function draw(length, stream, bound) {
  return Float64Array.from({ length }, () => (bound ? stream.range(-bound, bound) : stream.normal()));
}

/**
 * A network with initial weights within ±scale/√units, a batch such as a previous layer would output, and a gradient
 * of the last outputs. `shift` is added to the activation's inputs: by the bias, or as the norm's b.
 * @param {{depth: number, scale: number, shift?: number, seed: number, activation: string, norm: string}} settings
 */
export function randomNetwork({ depth, scale, shift = 0, seed, activation, norm }) {
  const bound = scale / Math.sqrt(UNITS);
  const layers = Array.from({ length: depth }, (_, layer) => ({
    weights: draw(UNITS * UNITS, new Stream(seed, PURPOSE.weights, layer), bound),
    biases: draw(UNITS, new Stream(seed, PURPOSE.biases, layer), bound),
  }));
  // RMS norm has no b.
  const added = norm === 'rms' ? 0 : shift;
  const { of: value, slope } = ACTIVATIONS[activation];
  return { layers, norm, shift: added, value, slope,
    inputs: draw(BATCH * UNITS, new Stream(seed, PURPOSE.inputs, 0)).map((z) => value(z + added)),
    gradient: draw(BATCH * UNITS, new Stream(seed, PURPOSE.gradient, 0)) };
}

/** x·W: examples × units, W as inputs × outputs. */
function product(x, weights) {
  const y = new Float64Array(x.length);
  for (let row = 0; row < BATCH; row++) {
    for (let from = 0; from < UNITS; from++) {
      const value = x[row * UNITS + from];
      for (let to = 0; to < UNITS; to++) y[row * UNITS + to] += value * weights[from * UNITS + to];
    }
  }
  return y;
}

/** g·Wᵀ, the gradient of a product's inputs. */
function productBackward(gradient, weights) {
  const back = new Float64Array(gradient.length);
  for (let row = 0; row < BATCH; row++) {
    for (let from = 0; from < UNITS; from++) {
      let sum = 0;
      for (let to = 0; to < UNITS; to++) sum += gradient[row * UNITS + to] * weights[from * UNITS + to];
      back[row * UNITS + from] = sum;
    }
  }
  return back;
}

/** The groups that a norm averages over: how many, and each group's length, start and stride. */
function groupsOf(norm) {
  const columns = { groups: UNITS, length: BATCH, start: (group) => group, step: UNITS };
  const rows = { groups: BATCH, length: UNITS, start: (group) => group * UNITS, step: 1 };
  return norm === 'batch' ? columns : rows;
}

/** A norm's outputs, and 1/σ of each group (a is 1 and b is 0, as at the start). */
function normForward(norm, u) {
  const { groups, length, start, step } = groupsOf(norm);
  const z = new Float64Array(u.length);
  const rstd = Float64Array.from({ length: groups }, (_, group) => {
    const at = (place) => start(group) + place * step;
    let [mean, squares] = [0, 0];
    if (norm !== 'rms') for (let place = 0; place < length; place++) mean += u[at(place)] / length;
    for (let place = 0; place < length; place++) squares += (u[at(place)] - mean) ** 2;
    const factor = 1 / Math.sqrt(squares / length + EPSILON);
    for (let place = 0; place < length; place++) z[at(place)] = (u[at(place)] - mean) * factor;
    return factor;
  });
  return { z, rstd };
}

/** The gradient of a norm's inputs: (g − mean g − z · mean(g·z)) / σ, for RMS norm without the first mean. */
function normBackward(norm, gradient, z, rstd) {
  const { groups, length, start, step } = groupsOf(norm);
  const back = new Float64Array(gradient.length);
  for (let group = 0; group < groups; group++) {
    const at = (place) => start(group) + place * step;
    let [mean, along] = [0, 0];
    for (let place = 0; place < length; place++) {
      if (norm !== 'rms') mean += gradient[at(place)] / length;
      along += (gradient[at(place)] * z[at(place)]) / length;
    }
    for (let place = 0; place < length; place++) {
      back[at(place)] = (gradient[at(place)] - mean - z[at(place)] * along) * rstd[group];
    }
  }
  return back;
}

/**
 * The forward pass: for each layer its product u, the result of the norm or the bias, the activation's
 * inputs and outputs.
 * @param {{at: number, by: number}} [nudge] an amount added to an element of the first layer's product
 */
export function forward(network, nudge) {
  let values = network.inputs;
  return network.layers.map(({ weights, biases }, layer) => {
    const u = product(values, weights);
    if (nudge && layer === 0) u[nudge.at] += nudge.by;
    const plain = network.norm === 'none';
    const { z, rstd } = plain ? { z: u.map((value, at) => value + biases[at % UNITS]) } : normForward(network.norm, u);
    const shifted = z.map((value) => value + network.shift);
    values = shifted.map(network.value);
    return { u, z, shifted, y: values, rstd };
  });
}

/** The loss whose gradient is propagated back: a fixed weighted sum of the last outputs. */
export function lossOf(network, passes) {
  return passes.at(-1).y.reduce((sum, value, at) => sum + value * network.gradient[at], 0);
}

/**
 * The backward pass: the gradient of each layer's product, and the factors of its size from layer to layer.
 * @returns {{gradients: Float64Array[], rungs: {weights: number, slope: number, norm: number}[]}} both
 * indexed by the layer that the gradient has reached; the last layer has no rung
 */
export function backward(network, passes) {
  const gradients = [];
  const rungs = [];
  let incoming = network.gradient;
  for (let layer = network.layers.length - 1; layer >= 0; layer--) {
    const { z, shifted, rstd } = passes[layer];
    const last = gradients[layer + 1];
    if (last) incoming = productBackward(last, network.layers[layer + 1].weights);
    const bent = incoming.map((value, at) => value * network.slope(shifted[at]));
    gradients[layer] = rstd ? normBackward(network.norm, bent, z, rstd) : bent;
    if (last) {
      rungs[layer] = { weights: rms(incoming) / rms(last), slope: rms(bent) / rms(incoming),
        norm: rms(gradients[layer]) / rms(bent) };
    }
  }
  return { gradients, rungs };
}

/**
 * The factors predicted from the sizes of weights, slopes and 1/σ alone, without a backward pass: correct if the
 * signs of the gradient's components are independent of the weights.
 */
function expectedRungs(network, passes) {
  return passes.slice(0, -1).map(({ shifted, rstd }, layer) => ({
    weights: Math.sqrt(UNITS) * rms(network.layers[layer + 1].weights),
    slope: rms(shifted.map(network.slope)),
    norm: rstd ? rms(rstd) : 1,
  }));
}

/** Geometric mean of positive numbers; 1 if there are none. @param {number[]} values */
export const geometricMean = (values) =>
  values.length ? Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length) : 1;

/**
 * A network's ladder.
 * @param {object} settings those of {@link randomNetwork}
 * @returns {{sizes: number[], rungs: object[], expected: object[], factor: number, slope: number, weights: number,
 *   norm: number}} `sizes`: the gradient at each layer as a share of the last layer's; `factor` per layer, and its
 *   three parts, as geometric means
 */
export function ladder(settings) {
  const network = randomNetwork(settings);
  const passes = forward(network);
  const { gradients, rungs } = backward(network, passes);
  const all = gradients.map(rms);
  const sizes = all.map((size) => size / all.at(-1));
  const mean = (part) => geometricMean(rungs.map((rung) => rung[part]));
  const parts = { weights: mean('weights'), slope: mean('slope'), norm: mean('norm') };
  const factor = sizes.length > 1 ? sizes[0] ** (1 / (sizes.length - 1)) : 1;
  return { sizes, rungs, expected: expectedRungs(network, passes), factor, ...parts };
}
