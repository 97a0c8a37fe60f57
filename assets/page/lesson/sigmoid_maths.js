// A normal distribution through a sigmoid: how far the outputs are from a straight line, and the mean slope.

import { ACTIVATIONS } from './activations.js';

const NODES = 1200;
const TAIL = 10;

const { of: sigmoid, slope: sigmoidSlope } = ACTIVATIONS.sigmoid;

/**
 * The weights of the standard normal distribution at evenly spaced points, by the trapezoidal rule, which is
 * practically exact for a smooth function that decays at both ends.
 */
function* normalNodes() {
  const step = (2 * TAIL) / NODES;
  for (let at = 0; at <= NODES; at++) {
    const z = at * step - TAIL;
    yield [z, (step * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI)];
  }
}

/**
 * sigmoid(mean + d) − sigmoid(mean) up to a factor that does not depend on d. Subtracting two sigmoids would
 * lose precision if σ is tiny or the mean is far out.
 */
const rise = (mean, d) =>
  d > 0 ? -Math.expm1(-d) / (Math.exp(-d) + Math.exp(mean)) : Math.expm1(d) / (1 + Math.exp(mean + d));

/**
 * For inputs from N(mean, σ²): `bend`, the share of the variance of the sigmoid's outputs that the best straight
 * line misses, and `slope`, the mean derivative. Without a spread there is no bend.
 * @param {number} mean @param {number} sigma
 */
export function bendAndSlope(mean, sigma) {
  if (!(sigma > 0)) return { bend: 0, slope: sigmoidSlope(mean) };
  // Both are symmetric about 0; on the left the outputs are small and keep their precision.
  const left = -Math.abs(mean);
  const nodes = [...normalNodes()];
  const values = nodes.map(([z]) => rise(left, sigma * z));
  const expect = (f) => nodes.reduce((sum, [z, weight], at) => sum + weight * f(z, values[at]), 0);
  const middle = expect((z, y) => y);
  const steepness = expect((z, y) => (y - middle) * z);
  const total = expect((z, y) => (y - middle) ** 2);
  const missed = expect((z, y) => (y - middle - steepness * z) ** 2);
  return { bend: missed / total, slope: expect((z) => sigmoidSlope(left + sigma * z)) };
}

/** The best straight line through the outputs: `middle + steepness·(x − mean)/σ`. */
export function bestLine(mean, sigma) {
  const nodes = [...normalNodes()];
  const expect = (f) => nodes.reduce((sum, [z, weight]) => sum + weight * f(z, sigmoid(mean + sigma * z)), 0);
  return { middle: expect((z, y) => y), steepness: expect((z, y) => y * z) };
}

/** The share of the outputs in each of `count` equal bins of 0 … 1. */
export function outputShares(mean, sigma, count) {
  const below = (y) => (y <= 0 ? 0 : y >= 1 ? 1 : normalBelow((Math.log(y / (1 - y)) - mean) / sigma));
  return Array.from({ length: count }, (_, at) => below((at + 1) / count) - below(at / count));
}

/** The standard normal distribution function, to 1e-7 (Abramowitz and Stegun 1964, 7.1.26). */
export function normalBelow(z) {
  const u = 1 / (1 + (0.3275911 * Math.abs(z)) / Math.SQRT2);
  const series = [1.061405429, -1.453152027, 1.421413741, -0.284496736, 0.254829592];
  const tail = (series.reduce((sum, factor) => sum * u + factor, 0) * u * Math.exp((-z * z) / 2)) / 2;
  return z > 0 ? 1 - tail : tail;
}
