// The three norms over a small matrix of examples × units, as the program's kernels compute them.

/** Added to every variance before its root is taken. */
export const EPSILON = 1e-5;

/** The weight of a batch's statistics in batch norm's running ones. */
export const RUNNING_MOMENTUM = 0.1;

/**
 * Mean and variance of numbers, in two passes.
 * @param {number[]} values @returns {{mean: number, variance: number}}
 */
export function moments(values) {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  // Equal numbers have variance exactly 0, however their mean is rounded.
  if (values.every((value) => value === values[0])) return { mean: values[0], variance: 0 };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  return { mean, variance };
}

/**
 * The cells that are normalized together with a cell, itself among them: its column for batch norm, its row
 * for layer and RMS norm. @param {string} norm @returns {[number, number][]} row and unit
 */
export function groupOf(norm, rows, units, [row, unit]) {
  if (norm === 'batch') return Array.from({ length: rows }, (_, at) => [at, unit]);
  return Array.from({ length: units }, (_, at) => [row, at]);
}

/**
 * What a norm subtracts from a cell, and what it divides by. With `running`, batch norm uses those statistics.
 * @param {string} norm @param {number[][]} x @param {[number, number]} cell
 * @param {{mean: number[], variance: number[]}} [running]
 * @returns {{mean: number, variance: number}} of RMS norm: 0 and the mean of squares
 */
export function statisticsOf(norm, x, cell, running) {
  const [, unit] = cell;
  if (norm === 'batch' && running) return { mean: running.mean[unit], variance: running.variance[unit] };
  const values = groupOf(norm, x.length, x[0].length, cell).map(([row, at]) => x[row][at]);
  if (norm !== 'rms') return moments(values);
  return { mean: 0, variance: values.reduce((sum, value) => sum + value * value, 0) / values.length };
}

/**
 * A whole matrix normalized: y = a·(x − mean)/√(variance + ε) + b, without a mean and a b for RMS norm.
 * @param {string} norm @param {number[][]} x @param {{a: number[], b: number[]}} affine one of each per unit
 * @param {{mean: number[], variance: number[]}} [running]
 */
export function normalize(norm, x, { a, b }, running) {
  return x.map((row, at) =>
    row.map((value, unit) => {
      const { mean, variance } = statisticsOf(norm, x, [at, unit], running);
      const scaled = a[unit] * ((value - mean) / Math.sqrt(variance + EPSILON));
      return norm === 'rms' ? scaled : scaled + b[unit];
    }),
  );
}

/**
 * The running statistics after another batch: (1 − momentum)·old + momentum·batch, with the unbiased variance.
 * @param {{mean: number[], variance: number[]}} running @param {number[][]} x
 */
export function runningAfter(running, x) {
  const columns = running.mean.map((_, unit) => moments(x.map((row) => row[unit])));
  const unbiased = x.length / Math.max(1, x.length - 1);
  const move = (old, next) => (1 - RUNNING_MOMENTUM) * old + RUNNING_MOMENTUM * next;
  return {
    mean: running.mean.map((old, unit) => move(old, columns[unit].mean)),
    variance: running.variance.map((old, unit) => move(old, columns[unit].variance * unbiased)),
  };
}

/**
 * The number of a's and b's that a norm learns for a layer.
 * @param {string} norm @param {'per_unit'|'shared'} affine @param {number} units @returns {[number, number]}
 */
export function parametersOf(norm, affine, units) {
  // Batch norm normalizes per unit; only layer norm and RMS norm can share one pair for the layer.
  const each = affine === 'shared' && norm !== 'batch' ? 1 : units;
  return [each, norm === 'rms' ? 0 : each];
}
