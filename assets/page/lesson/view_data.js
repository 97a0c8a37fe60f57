// What the views read from tracks: the moment shown at a step, measurements of a layer, failures. Pure functions; a
// value that is missing or not finite (null in JSON) is NaN.

import { t } from './text.js';

/** A finite number, or NaN. @param {unknown} value */
export const number = (value) => (typeof value === 'number' && Number.isFinite(value) ? value : NaN);

/**
 * The newest entry at or before a step; null if there is none yet.
 * @template T @param {T[]} entries in the order of their steps @param {number} step
 * @param {(entry: T) => number} stepOf
 */
function newest(entries, step, stepOf) {
  for (let at = entries.length - 1; at >= 0; at--) if (stepOf(entries[at]) <= step) return entries[at];
  return null;
}

/** The recorded moment shown at a step, or null. @param {Track} track @param {number} step */
export const momentAt = (track, step) => newest(track.moments, step, (moment) => moment.step);

/** The `[step, loss]` shown at a step, or null. @param {Track} track @param {number} step */
export const lossAt = (track, step) => newest(track.losses, step, (entry) => entry[0]);

/** `[step, accuracy, loss]` of the last evaluation at or before a step, or null. */
export const evaluationAt = (track, step) => newest(track.evaluations, step, (entry) => entry[0]);

/** The steps at which any track has a moment, in order. @param {Track[]} tracks */
export function keptSteps(tracks) {
  const steps = new Set(tracks.flatMap((track) => track.moments.map((moment) => moment.step)));
  return [...steps].sort((one, other) => one - other);
}

/** The last step of any track; at least 1, so that an axis has a length. @param {Track[]} tracks */
export function lastStep(tracks) {
  const ends = tracks.map((track) => [
    track.losses.at(-1)?.[0],
    track.moments.at(-1)?.step,
    track.evaluations.at(-1)?.[0],
  ]);
  return Math.max(1, ...ends.flat().filter(Number.isFinite));
}

/** The entry of a sorted list that is nearest to a value; NaN if the list is empty. @param {number[]} sorted */
export function nearest(sorted, value) {
  return sorted.reduce((best, one) => (Math.abs(one - value) < Math.abs(best - value) ? one : best), sorted[0] ?? NaN);
}

/** The number of hidden layers of the deepest track. @param {Track[]} tracks */
export const depthOf = (tracks) => Math.max(0, ...tracks.map((track) => track.moments[0]?.layers.length ?? 0));

/** The name of a network: its norm, with its activation if another has the same norm. */
export function nameOf(track, tracks = [track]) {
  const name = t(`view.norm.${track.norm}`);
  const alone = tracks.filter((other) => other.norm === track.norm).length < 2;
  return alone ? name : `${name}, ${track.activation}`;
}

/** The name of a network at the end of a curve. @param {Track} track */
export const shortName = (track) => t(`view.short.${track.norm}`);

const finiteMoments = new WeakMap();
/** Whether all values of a moment are finite. @param {Moment} moment */
function finiteMoment(moment) {
  if (!finiteMoments.has(moment)) {
    const figures = moment.layers.flatMap((layer) => [layer.gradient, layer.change, ...(layer.percentiles ?? [])]);
    finiteMoments.set(
      moment,
      [...figures, moment.output?.gradient, moment.output?.change].every(
        (figure) => figure === undefined || Number.isFinite(figure),
      ),
    );
  }
  return finiteMoments.get(moment);
}

const scanned = new WeakMap();
/** The step of the first loss that is not finite, or infinity. If a list grew, only its new entries are read. */
function firstBadLoss(losses) {
  let { read, bad, last } = scanned.get(losses) ?? { read: 0, bad: Infinity };
  if (losses[read - 1] !== last) [read, bad] = [0, Infinity];
  for (; read < losses.length && bad === Infinity; read++) if (!Number.isFinite(losses[read][1])) bad = losses[read][0];
  scanned.set(losses, { read, bad, last: losses[read - 1] });
  return bad;
}

/**
 * The step at which a network diverged, with a sentence: from the track, else the first loss or moment
 * that is not finite. Null if it has not diverged.
 * @param {Track & {failed?: {step: number, sentence: string}}} track @returns {{step: number, sentence: string}|null}
 */
export function failure(track) {
  if (track.failed) return { ...track.failed, sentence: track.failed.sentence ?? t('view.diverged') };
  const loss = firstBadLoss(track.losses);
  const moment = track.moments.find((one) => !finiteMoment(one))?.step ?? Infinity;
  const step = Math.min(loss, moment);
  return Number.isFinite(step) ? { step, sentence: t('view.diverged') } : null;
}

/** The first layer's gradient as a share of the output layer's. @param {Moment} moment */
export const gradientShare = ({ layers, output }) => layers[0].gradient / output.gradient;

/** A function whose results are cached per object. @template T @param {(from: object) => T} compute */
export function remembered(compute) {
  const known = new WeakMap();
  return (from) => {
    if (!known.has(from)) known.set(from, compute(from));
    return known.get(from);
  };
}

/** The 15th, 50th and 85th percentile of values, interpolated; NaN if there are none. @param {number[]} values */
export function band(values) {
  const sorted = values.filter(Number.isFinite).sort((one, other) => one - other);
  return [0.15, 0.5, 0.85].map((share) => {
    if (sorted.length === 0) return NaN;
    const place = share * (sorted.length - 1);
    const [low, high] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
    return low + (high - low) * (place - Math.floor(place));
  });
}

/**
 * How far rows of grey values differ: the standard deviation of each column over the rows, averaged over the columns,
 * in units of the outputs. NaN without rows. @param {import('./record.js').Rows|undefined} rows
 */
export function spread(rows) {
  if (!rows?.width || !rows.bytes?.length) return NaN;
  const count = Math.floor(rows.bytes.length / rows.width);
  let sum = 0;
  for (let column = 0; column < rows.width; column++) {
    let [mean, square] = [0, 0];
    for (let row = 0; row < count; row++) mean += rows.bytes[row * rows.width + column] / count;
    for (let row = 0; row < count; row++) square += (rows.bytes[row * rows.width + column] - mean) ** 2 / count;
    sum += Math.sqrt(square);
  }
  return (sum / rows.width / 255) * (number(rows.high) - number(rows.low));
}

/** At most `limit` entries, evenly picked, including the first and the last. @template T @param {T[]} entries */
export function thin(entries, limit) {
  if (entries.length <= limit) return entries;
  return Array.from({ length: limit }, (_, at) => entries[Math.round((at * (entries.length - 1)) / (limit - 1))]);
}

/**
 * Points over steps, condensed: the mean of the points in each of `buckets` equal intervals. Values that are not
 * finite are left out. @param {[number, number][]} points @param {[number, number]} span
 */
export function condense(points, span, buckets) {
  if (points.length <= buckets) return points.filter((point) => Number.isFinite(point[1]));
  const [steps, values, counts] = [0, 0, 0].map(() => new Float64Array(buckets + 1));
  for (const [step, value] of points) {
    if (!Number.isFinite(value)) continue;
    const bucket = Math.min(buckets, Math.max(0, Math.floor(((step - span[0]) / (span[1] - span[0])) * buckets)));
    steps[bucket] += step;
    values[bucket] += value;
    counts[bucket] += 1;
  }
  return Array.from(counts, (count, at) => [steps[at] / count, values[at] / count]).filter((point) =>
    Number.isFinite(point[1]),
  );
}
