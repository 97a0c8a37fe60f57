// The measurements by which claims are judged, computed from a track, recorded or live.

import { ACTIVATIONS } from './activations.js';

/** The number of points within a bin at which the activation is evaluated, as if inputs were uniform there. */
const PLACES = 8;

/** The median of numbers; NaN if there are none. @param {number[]} values */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return (sorted[Math.floor(middle)] + sorted[Math.ceil(middle)]) / 2;
}

/** The median magnitude, for example of a's and b's. */
export const medianMagnitude = (values) => median(values.map(Math.abs));

/** The first moment after a step, when there are gradients; undefined if there is none. */
export const firstTrained = ({ moments }) => moments.find(({ step }) => step > 0);

/**
 * The factor by which the gradient changes from one hidden layer to the one before, as a geometric mean. The first
 * layer, whose inputs are pixels, and the output layer are left out.
 * @returns {number|null} null for fewer than three hidden layers; 0 if the first of them gets no gradient
 */
export function factorALayer({ layers }) {
  const between = layers.slice(1).map(({ gradient }) => gradient);
  if (between.length < 2) return null;
  const factor = between[0] === 0 ? 0 : (between[0] / between.at(-1)) ** (1 / (between.length - 1));
  return Number.isFinite(factor) ? factor : null;
}

/** The inputs of a layer as values with counts: evenly within bins, those beyond at the ends. */
function inputsOf({ low, high, below, above, counts }) {
  const width = (high - low) / counts.length;
  const within = counts.flatMap((count, bin) => Array.from({ length: count ? PLACES : 0 }, (_, at) =>
    [low + width * (bin + (at + 0.5) / PLACES), count / PLACES]));
  return [...within, [low - width / 2, below], [high + width / 2, above]];
}

/** The mean of a function over the inputs of a layer. @param {(x: number) => number} of */
function meanOverInputs(layer, of) {
  let [sum, count] = [0, 0];
  for (const [x, many] of inputsOf(layer)) {
    sum += of(x) * many;
    count += many;
  }
  return sum / count;
}

/** Mean and deviation of a layer's inputs, from their counts. */
export function spreadOfInputs(layer) {
  const mean = meanOverInputs(layer, (x) => x);
  return { mean, deviation: Math.sqrt(meanOverInputs(layer, (x) => (x - mean) ** 2)) };
}

/** The share of a layer's inputs that are outside its bins. */
export function beyond({ below, above, counts }) {
  const within = counts.reduce((sum, count) => sum + count, 0);
  return (below + above) / (within + below + above);
}

/** The sigmoid's slope at a layer's inputs, and the size of its outputs: both as root mean squares. */
export function sigmoidOver(layer) {
  const { of, slope } = ACTIVATIONS.sigmoid;
  return {
    slope: Math.sqrt(meanOverInputs(layer, (x) => slope(x) ** 2)),
    outputs: Math.sqrt(meanOverInputs(layer, (x) => of(x) ** 2)),
  };
}

/** The range of a unit's inputs over the images, as a mean over the units. */
export function rangeOfUnits({ smallest, largest }) {
  return largest.reduce((sum, value, unit) => sum + value - smallest[unit], 0) / largest.length;
}

/** The width of the band that holds the middle 70 % of a layer's inputs. */
export const bandOf = ({ percentiles: [low, , high] }) => high - low;

/**
 * The test accuracy over the last third of the steps: the last one alone may be luck.
 * @returns {{now: number, lowest: number, median: number, highest: number}|null}
 */
export function lateAccuracy({ evaluations }) {
  const last = evaluations.at(-1);
  if (!last) return null;
  const late = evaluations.filter(([step]) => step > (2 / 3) * last[0]).map(([, accuracy]) => accuracy);
  return { now: last[1], lowest: Math.min(...late), median: median(late), highest: Math.max(...late) };
}

/** The first evaluation after a share of the steps. */
export function evaluationAt({ evaluations }, share) {
  const last = evaluations.at(-1)?.[0] ?? 0;
  return evaluations.find(([step]) => step > 0 && step >= share * last);
}

/** Whether training diverged: a loss is not finite. */
export const diverged = ({ losses }) => losses.some(([, loss]) => !Number.isFinite(loss));
