// The data of section 4, how a and b transform them, and gradient descent on a and b.

import { normalize, statistics } from './five_dots.js';
import { normalBelow } from './sigmoid_maths.js';

const COUNT = 60;
const RATE = 0.1;
const BIN = 0.4;
const BINS = 16;
/** The bin width for the two humps, which reach further than their deviation suggests. */
const WIDE_BIN = 0.5;

/** The value with a share `p` of the standard normal distribution below it, by bisection. */
function quantile(p) {
  let [low, high] = [-6, 6];
  for (let halving = 0; halving < 40; halving++) {
    const middle = (low + high) / 2;
    if (normalBelow(middle) < p) low = middle;
    else high = middle;
  }
  return low;
}

const QUANTILES = Array.from({ length: COUNT }, (_, at) => quantile((at + 0.5) / COUNT));

/** A batch of inputs to a unit, in order: off centre, and not quite a bell. */
export const INPUTS = QUANTILES.map((q) => 2.4 + 1.3 * (q + 0.15 * (q * q - 1)));

/** The same inputs with mean 0 and variance 1. */
export const Y = normalize(INPUTS, 'both');

/** The outlines: for each example, in order, its target position. */
export const TARGETS = {
  wide: Y.map((y) => 2 * y),
  left: Y.map((y) => 0.6 * y - 2),
  humps: QUANTILES.map((q) => 2.2 * Math.sign(q) + 0.6 * q),
};

/** The data after a and b. */
export const placed = (a, b) => Y.map((y) => a * y + b);

/** The loss: the mean squared distance of the examples from their targets. @param {number[]} target */
export const loss = (a, b, target) => placed(a, b).reduce((sum, z, at) => sum + (z - target[at]) ** 2, 0) / COUNT;

/** The gradient of the loss with respect to a and b. @param {number[]} target */
export function gradient(a, b, target) {
  const off = placed(a, b).map((z, at) => z - target[at]);
  const mean = (f) => off.reduce((sum, distance, at) => sum + f(distance, Y[at]), 0) / COUNT;
  return { a: mean((distance, y) => 2 * distance * y), b: mean((distance) => 2 * distance) };
}

/** a and b after one step of gradient descent. @param {number[]} target */
export function learnedStep(a, b, target) {
  const by = gradient(a, b, target);
  return { a: a - RATE * by.a, b: b - RATE * by.b };
}

/** A histogram of the values in equal bins, as a density. */
function histogram(values, low, width, count) {
  const shares = new Array(count).fill(0);
  for (const value of values) shares[Math.min(count - 1, Math.max(0, Math.floor((value - low) / width)))] += 1 / COUNT;
  return shares.map((share, bin) => ({ from: low + bin * width, to: low + (bin + 1) * width, height: share / width }));
}

/**
 * The bars of aY + b: those of Y, stretched by a and moved by b, so that each keeps its examples. With a = 0 all
 * are at b, infinitely high.
 */
export function bars(a, b) {
  return histogram(Y, (-BINS / 2) * BIN, BIN, BINS).map(({ from, to, height }) => ({
    from: a * from + b, to: a * to + b, height: height === 0 ? 0 : height / Math.abs(a) }));
}

/** The bars of a target, from its first to its last non-empty bin. @param {number[]} target */
export function outlineBars(target) {
  const { mean, deviation } = statistics(target);
  const width = target === TARGETS.humps ? WIDE_BIN : BIN * deviation;
  const low = mean - (BINS / 2) * width;
  const whole = histogram(target, low, width, BINS);
  const filled = whole.map(({ height }) => height > 0);
  return whole.slice(filled.indexOf(true), filled.lastIndexOf(true) + 1);
}
