// The track of a live run, in the format of the recorded ones (record.js), and how much of it is kept.

/** The most moments kept of a run. */
export const MOST_MOMENTS = 60;
/** The most losses kept; beyond, pairs are replaced by their mean. */
const MOST_LOSSES = 1024;
/** The three percentiles, as shares. */
const PERCENTILES = [0.15, 0.5, 0.85];

/** √(mean of squares). @param {ArrayLike<number>} values */
export function rms(values) {
  let sum = 0;
  for (const value of values) sum += value * value;
  return Math.sqrt(sum / values.length);
}

/** ‖now − before‖ / ‖before‖. */
function relativeChange(now, before) {
  let [change, norm] = [0, 0];
  for (let at = 0; at < now.length; at++) {
    change += (now[at] - before[at]) ** 2;
    norm += before[at] ** 2;
  }
  return Math.sqrt(change / norm);
}

/** Whether a step is one of those that are kept permanently: 0, 1, 2, 3, 4, 6, 8, 12, 16 … */
function isEarly(step) {
  if (step === 0) return true;
  const odd = step / (step & -step);
  return odd === 1 || (odd === 3 && step % 3 === 0);
}

/**
 * The steps at which something is kept: early ones, ever further apart, and evenly spaced ones. As soon as there are
 * too many, every other evenly spaced one is dropped.
 */
export class Stops {
  /**
   * @param {number} every initial spacing of the even steps @param {number} most how many entries are kept
   * @param {(step: number) => boolean} early
   */
  constructor(every, most, early = isEarly) {
    Object.assign(this, { every, most, early });
  }

  /** Whether a step is kept. */
  has(step) {
    return step % this.every === 0 || this.early(step);
  }

  /** The next kept step after this one. */
  next(step) {
    do step += 1;
    while (!this.has(step));
    return step;
  }

  /** Drops the same excess entries from all lists. @param {object[][]} lists @param {(entry) => number} stepOf */
  thin(lists, stepOf) {
    const tooMany = () => lists.some((list) => list.length > this.most);
    // Entries not at a stop go first.
    for (let every = this.every; tooMany(); every *= 2) {
      this.every = every;
      for (const list of lists) list.splice(0, list.length, ...list.filter((entry) => this.has(stepOf(entry))));
    }
  }
}

/** A percentile of counted values, interpolated within its bin; clamped to the range. */
function percentile({ low, high, below, above, counts }, share) {
  const width = (high - low) / counts.length;
  const total = counts.reduce((sum, count) => sum + count, below + above);
  let missing = share * total - below;
  if (missing <= 0) return low;
  for (const [bin, count] of counts.entries()) {
    if (missing <= count) return low + width * (bin + missing / count);
    missing -= count;
  }
  return high;
}

/** Rows of numbers as grey values between the smallest and the largest. @returns {import('./record.js').Rows} */
function greyRows(numbers, width) {
  const finite = [...numbers].filter(Number.isFinite);
  const [low, high] = finite.length > 0 ? [Math.min(...finite), Math.max(...finite)] : [0, 0];
  const range = high > low ? high - low : 1;
  const grey = (value) => (Number.isFinite(value) ? Math.round(((value - low) / range) * 255) : 0);
  return { width, low, high, bytes: Uint8Array.from(numbers, grey) };
}

/** A hidden layer at a moment, from the runner's probe. @returns {Partial<import('./record.js').Layer>} */
function layerOf(found, [low, high], gamma, beta) {
  const { counts: slots, stats, outputs, outputs_in_training: training } = found;
  const units = stats.length / 5;
  const row = (number) => Array.from(stats.subarray(number * units, (number + 1) * units));
  const share = (values, holds) => values.filter(holds).length / units;
  const [smallest, largest, outside] = [row(2), row(3), row(4)];
  const [counts, below, above] = [Array.from(slots.subarray(1, -1)), slots[0], slots.at(-1)];
  const histogram = { low, high, below, above, counts };
  return {
    ...histogram,
    percentiles: PERCENTILES.map((one) => percentile(histogram, one)),
    all_positive: share(smallest, (value) => value >= 0),
    all_negative: share(largest, (value) => value <= 0),
    saturated: outside.reduce((sum, value) => sum + value, 0) / units,
    mean: row(0),
    deviation: row(1),
    smallest,
    largest,
    gamma: Array.from(gamma ?? []),
    beta: Array.from(beta ?? []),
    outputs: greyRows(outputs, outputs.length / 10),
    ...(training && { outputs_in_training: greyRows(training, training.length / 10) }),
  };
}

/** Probes a network at its runner's current step. @returns {Promise<import('./record.js').Moment>} */
export async function takeMoment(runner, document, initial) {
  const { step } = runner;
  const probed = await runner.probe();
  const weights = document.parameters.filter(({ name }) => name.endsWith('.weight'));
  const known = (role) => document.roles[role] !== undefined;
  const affine = probed.flatMap((_, at) => [`layer${at + 1}.gamma`, `layer${at + 1}.beta`]).filter(known);
  const wanted = [...weights.map(({ value }) => value), ...weights.map(({ gradient }) => gradient), ...affine];
  const values = await runner.read(wanted);
  const now = values.splice(0, weights.length);
  const gradients = values.splice(0, weights.length);
  const ofRole = new Map(affine.map((role, at) => [role, values[at]]));
  const figures = weights.map(({ value }, at) => ({
    // There is no gradient before the first step.
    gradient: step === 0 ? 0 : rms(gradients[at]),
    change: relativeChange(now[at], initial.get(value)),
    gain: Math.sqrt(document.tensors[value].shape[2]) * rms(now[at]),
  }));
  const { range } = document.loops.probe;
  const layers = probed.map((found, at) => ({
    ...layerOf(found, range, ofRole.get(`layer${at + 1}.gamma`), ofRole.get(`layer${at + 1}.beta`)),
    ...figures[at],
  }));
  return { step, layers, output: figures.at(-1) };
}

/** The losses of a run, step by step; when there are too many, means over two, four … steps. */
export class Losses {
  #every = 1;
  #waiting = [];

  /** @param {[number, number][]} points the list to keep them in */
  constructor(points) {
    this.points = points;
  }

  /** Adds a step's loss. */
  add(step, loss) {
    this.#waiting.push(loss);
    if (this.#waiting.length < this.#every) return;
    this.points.push([step, this.#waiting.reduce((sum, one) => sum + one, 0) / this.#waiting.length]);
    this.#waiting = [];
    if (this.points.length < MOST_LOSSES) return;
    const pairs = this.points.splice(0, this.points.length);
    for (let at = 0; at < pairs.length; at += 2) {
      this.points.push([pairs[at + 1][0], (pairs[at][1] + pairs[at + 1][1]) / 2]);
    }
    this.#every *= 2;
  }
}
