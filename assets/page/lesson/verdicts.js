// The lesson's claims, each judged by measurements of tracks, recorded or live, as the program judges them
// (src/report/claims): a threshold decides whether a measurement is for or against a claim. The thresholds are the
// program's (thresholds.rs): each is far from the values of the lesson and of 10,000 steps on MNIST.

import { fixed, percent, share as portion, significant } from './text.js';
import {
  bandOf, beyond, diverged, evaluationAt, factorALayer, firstTrained, lateAccuracy, medianMagnitude, rangeOfUnits,
  sigmoidOver, spreadOfInputs,
} from './verdict_figures.js';
import { gradientShare, spread as spreadOfRows } from './view_data.js';

export { factorALayer, firstTrained };

/** The thresholds, with measured values. */
export const LIMITS = {
  /** A gradient has vanished if less than this share reaches the first layer (sigmoid, no norm: 1/70000). */
  vanished: 1e-3,
  /** A gradient has survived from this share on: with a norm it is 0.2 or more, for ReLU without one 0.5. */
  survived: 1e-2,
  /** A gradient is kept if its factor per layer is between these: less than threefold in five layers. BN: 1.02. */
  kept: [0.8, 1.25],
  /** A decay is slower if its factor per layer is this many times the other: LN 0.39 to 0.44, no norm 0.14. */
  slower: 1.5,
  /** A slope counts as maximal from this share of the maximum on: without a norm sigmoid's is 0.24 of 0.25. */
  steepest: 0.9,
  /** Two factors agree up to this ratio: 0.14 calculated, 0.14 to 0.16 measured. */
  agrees: 1.25,
  /** ‖W − W₀‖/‖W₀‖ of weights that have hardly moved (sigmoid without a norm: 0.001), and of those that have (0.8). */
  hardlyMoved: 0.05,
  moved: 0.1,
  /** Outputs are the same for every image up to this deviation, a byte of a picture (without a norm 0.0000) … */
  alike: 0.004,
  /** … and differ from this one on (with a norm 0.24 to 0.28). */
  differ: 0.1,
  /** The median has drifted if it moved by this many initial widths of the inputs' middle 70 %: none 0.6, BN 0. */
  drifted: 0.25,
  /** A unit's inputs have collapsed if they are within this range: a sigmoid of slope 1/4 then has outputs
   * within 2 · `alike`, whose deviation is at most `alike`. */
  collapsed: 0.032,
  /** Many units (97 % of the last ReLUs without a norm see one side only), and few (with BN none do). */
  manyUnits: 0.2,
  fewUnits: 0.05,
  /** How close a mean is to b and a deviation to |a|, as a share of |a|. */
  onTheDiagonal: 0.05,
  /** The share of inputs outside the bins above which their mean and deviation are unknown. */
  beyond: 0.01,
  /** Inputs are off centre if their median, or the median |b|, is this many times a: BN has 0.001 and 0.01. */
  offCentre: 0.1,
  /** a has grown (1.3 times) and the inputs have spread (1.36 times) by this factor. */
  grew: 1.1,
  /** Accuracies differ little up to `little` (ReLU with and without BN: 4 points); a start is faster from `faster`. */
  little: 0.05,
  faster: 0.02,
  /** On the scale from a constant guess to all images: a guess, something learned, successful training
   * (15, 30 and 50 % with ten classes). */
  guesses: 1 / 18,
  learns: 2 / 9,
  succeeds: 4 / 9,
};

/** Tolerance for rounding when an accuracy is put on its scale. */
const ROUNDING = 1e-9;

/** The sigmoid's greatest slope. */
const STEEPEST = 0.25;

/** Thrown if data for a judgement are missing. */
class Lacking extends Error {
  constructor(key, values = {}) {
    super(key);
    Object.assign(this, { key, values });
  }
}

const range = (low, high) => (high - low < 5e-4 ? percent(low) : `${percent(low)} … ${percent(high)}`);
const figure = (supports, key, values) => ({ supports, key, values });

/** A network's track. */
function find(tracks, activation, norm) {
  const track = tracks.find((one) => one.activation === activation && one.norm === norm);
  if (!track) throw new Lacking('s8.no_network', { network: `${activation}-${norm}` });
  if (!track.moments.length) throw new Lacking('s8.no_step', { network: `${activation}-${norm}` });
  return track;
}

/** The first moment with gradients. */
function start(track) {
  const moment = firstTrained(track);
  if (!moment) throw new Lacking('s8.no_step', { network: track.name });
  return moment;
}

/** The last moment; fails if there are no gradients. */
function end(track) {
  start(track);
  return track.moments.at(-1);
}

/** After the activation, the norm says nothing about the activation's inputs. */
function normBefore({ position }) {
  if (position === 'after') throw new Lacking('s8.norm_after');
}

/** The accuracy of the last third, on the scale from a guess to all. */
function accuracy(track, { chance }) {
  const late = lateAccuracy(track);
  if (!late) throw new Lacking('s8.no_accuracy', { network: track.name });
  const above = (value) => (value - chance) / (1 - chance);
  return { ...late, guesses: above(late.highest) <= LIMITS.guesses + ROUNDING,
    learns: above(late.median) >= LIMITS.learns - ROUNDING, succeeds: above(late.median) >= LIMITS.succeeds - ROUNDING,
    text: { now: percent(late.now), range: range(late.lowest, late.highest), chance: percent(chance) } };
}

/** The factor per layer at the start. */
function factorAtStart(track) {
  const factor = factorALayer(start(track));
  if (factor === null) throw new Lacking('s8.too_shallow', { network: track.name });
  return factor;
}

const oneSided = ({ all_positive: positive, all_negative: negative }) => positive + negative;

/** A ReLU without a norm may have a whole batch on one side; with batch norm it does not. */
function oneSidedBatches(tracks) {
  const judge = (norm, supports) => {
    const { layers } = find(tracks, 'relu', norm).moments[0];
    const most = layers.reduce((best, layer) => (oneSided(layer) > oneSided(best) ? layer : best));
    return figure(supports(oneSided(most)), 's8.one_sided', { norm, layer: layers.indexOf(most) + 1,
      positive: percent(most.all_positive), negative: percent(most.all_negative) });
  };
  return [judge('none', (share) => share >= LIMITS.manyUnits), judge('batch', (share) => share <= LIMITS.fewUnits)];
}

/** Batch norm's a and b are the deviation and the mean of its outputs: here of a whole layer's. */
function scaleAndShift(tracks, about) {
  normBefore(about);
  const all = tracks.filter(({ norm, moments }) => norm === 'batch' && moments.length);
  const layers = all.flatMap((track) => end(track).layers).filter((layer) => beyond(layer) <= LIMITS.beyond);
  if (!layers.length) throw new Lacking('s8.no_network', { network: 'batch' });
  const figures = layers.map((layer) => {
    const { gamma, beta } = layer;
    const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const shift = mean(beta);
    const scale = Math.sqrt(mean(gamma.map((a) => a * a)) + mean(beta.map((b) => (b - shift) ** 2)));
    const { mean: found, deviation } = spreadOfInputs(layer);
    // The positions of inputs within a bin are unknown.
    const hidden = (layer.high - layer.low) / layer.counts.length / 2;
    return { found, deviation, shift, scale, offMean: Math.max(0, Math.abs(found - shift) - hidden) / scale,
      offScale: Math.abs(deviation - scale) / scale };
  });
  const worst = (name) => figures.reduce((most, one) => (one[name] > most[name] ? one : most));
  const [mean, scale] = [worst('offMean'), worst('offScale')];
  return [
    figure(mean.offMean <= LIMITS.onTheDiagonal, 's8.mean_is_b', { layers: layers.length, mean: fixed(mean.found, 3),
      b: fixed(mean.shift, 3) }),
    figure(scale.offScale <= LIMITS.onTheDiagonal, 's8.deviation_is_a', { layers: layers.length,
      deviation: fixed(scale.deviation, 3), a: fixed(scale.scale, 3) }),
  ];
}

/** Measurements at a network's last step, for claims about training. */
function ending(track, about) {
  const last = end(track);
  const late = accuracy(track, about);
  return { share: gradientShare(last), change: last.layers[0].change, spread: spreadOfRows(last.layers.at(-1).outputs), late };
}

/** Sigmoid without a norm does not learn. */
function vanishingGradients(tracks, about) {
  const track = find(tracks, 'sigmoid', 'none');
  const { share, change, spread, late } = ending(track, about);
  return [
    figure(share <= LIMITS.vanished, 's8.gradient_share', { norm: 'none', share: portion(share),
      first: portion(gradientShare(start(track))) }),
    figure(change <= LIMITS.hardlyMoved, 's8.first_moved', { norm: 'none', change: percent(change) }),
    figure(spread <= LIMITS.alike, 's8.outputs_differ', { norm: 'none', spread: fixed(spread, 4) }),
    figure(late.guesses, 's8.accuracy', { norm: 'none', ...late.text }),
  ];
}

/** Why sigmoid's gradient vanishes without a norm. */
function slopeTimesWeights(tracks) {
  const track = find(tracks, 'sigmoid', 'none');
  const { layers } = start(track);
  const factor = factorAtStart(track);
  const over = layers.map(sigmoidOver);
  const inner = layers.slice(1, -1).map((_, at) => {
    const layer = at + 1;
    return { slope: over[layer].slope, weights: layers[layer + 1].gain,
      inputs: over[layer - 1].outputs / over[layer].outputs };
  });
  const mean = (name) => Math.exp(inner.reduce((sum, one) => sum + Math.log(one[name]), 0) / inner.length);
  const [slope, weights, inputs] = ['slope', 'weights', 'inputs'].map(mean);
  const product = slope * weights * inputs;
  const agree = product < 1 && Math.max(factor / product, product / factor) <= LIMITS.agrees;
  return [
    figure(slope >= LIMITS.steepest * STEEPEST, 's8.slope', { slope: significant(slope), most: STEEPEST }),
    figure(agree, 's8.product', { slope: significant(slope), weights: significant(weights),
      product: significant(product), factor: significant(factor) }),
  ];
}

/** The inputs of the last sigmoids drift and collapse without a norm. */
function driftingInputs(tracks) {
  const track = find(tracks, 'sigmoid', 'none');
  const [before, now] = [track.moments[0], end(track)].map(({ layers }) => layers.at(-1));
  const [from, to] = [before, now].map(({ percentiles }) => percentiles[1]);
  const away = (Math.abs(to) - Math.abs(from)) / bandOf(before);
  const apart = rangeOfUnits(now);
  return [
    figure(away >= LIMITS.drifted, 's8.median_moved', { from: significant(from), to: significant(to),
      widths: fixed(Math.abs(to - from) / bandOf(before)) }),
    figure(apart <= LIMITS.collapsed, 's8.inputs_apart', { apart: significant(apart) }),
  ];
}

/** Batch norm preserves the gradient's size. */
function batchNormKeeps(tracks) {
  const factor = factorAtStart(find(tracks, 'sigmoid', 'batch'));
  const [from, to] = LIMITS.kept;
  return [figure(factor >= from && factor <= to, 's8.factor', { norm: 'batch', factor: significant(factor) })];
}

/** Layer norm only slows the decay. */
function layerNormSlows(tracks) {
  const [none, layer] = ['none', 'layer'].map((norm) => factorAtStart(find(tracks, 'sigmoid', norm)));
  return [
    figure(layer >= LIMITS.slower * none, 's8.slower', { layer: significant(layer), none: significant(none) }),
    figure(layer < LIMITS.kept[0], 's8.ten_layers', { left: portion(layer ** 10) }),
  ];
}

/** With a norm, the sigmoid network trains. */
function normsTrain(tracks, about) {
  return ['batch', 'layer'].flatMap((norm) => {
    const track = find(tracks, 'sigmoid', norm);
    if (diverged(track)) return [figure(false, 's8.diverged', { norm })];
    const { change, spread, late } = ending(track, about);
    return [
      figure(change >= LIMITS.moved, 's8.first_moved', { norm, change: percent(change) }),
      figure(spread >= LIMITS.differ, 's8.outputs_differ', { norm, spread: fixed(spread, 4) }),
      figure(late.succeeds, 's8.accuracy', { norm, ...late.text }),
    ];
  });
}

/** Batch norm pulls the inputs of the last sigmoids towards 0 but, the lesson says, "not up to 0". */
function location(tracks, about) {
  normBefore(about);
  const { gamma, beta, percentiles: [, middle] } = end(find(tracks, 'sigmoid', 'batch')).layers.at(-1);
  const [scale, shift] = [gamma, beta].map(medianMagnitude);
  return [
    figure(Math.abs(middle) >= LIMITS.offCentre * scale, 's8.median_is', { median: fixed(middle, 3) }),
    figure(shift >= LIMITS.offCentre * scale, 's8.half_have_b', { b: fixed(shift, 3), a: fixed(scale) }),
  ];
}

/** How widely batch norm spreads them. */
function spread(tracks, about) {
  normBefore(about);
  const track = find(tracks, 'sigmoid', 'batch');
  const [before, now] = [track.moments[0], end(track)].map(({ layers }) => layers);
  const scales = now.map(({ gamma }) => medianMagnitude(gamma));
  const layer = scales.indexOf(Math.max(...scales));
  const first = medianMagnitude(before[layer].gamma);
  const [from, to] = [before[layer], now[layer]].map(bandOf);
  return [
    figure(scales[layer] >= LIMITS.grew * first, 's8.a_went', { layer: layer + 1, from: fixed(first),
      to: fixed(scales[layer]) }),
    figure(to >= LIMITS.grew * from, 's8.band_went', { from: fixed(from), to: fixed(to) }),
  ];
}

/** ReLU needs no norm for its gradient; batch norm speeds up its start. */
function reluSurvives(tracks, about) {
  const [none, batch] = ['none', 'batch'].map((norm) => find(tracks, 'relu', norm));
  const [endNone, endBatch] = [none, batch].map((track) => ending(track, about));
  const [earlyNone, earlyBatch] = [none, batch].map((track) => evaluationAt(track, 0.1));
  if (!earlyNone || !earlyBatch) throw new Lacking('s8.no_accuracy', { network: none.name });
  return [
    figure(endNone.share >= LIMITS.survived, 's8.gradient_share', { norm: 'none', share: portion(endNone.share),
      first: portion(gradientShare(start(none))) }),
    figure(Math.abs(endBatch.late.median - endNone.late.median) <= LIMITS.little, 's8.late_both',
      { none: endNone.late.text.range, batch: endBatch.late.text.range }),
    figure(earlyBatch[1] - earlyNone[1] >= LIMITS.faster, 's8.early_both', { step: earlyNone[0],
      none: percent(earlyNone[1]), batch: percent(earlyBatch[1]) }),
  ];
}

/** What one live run says about a batch size: the largest hidden gradient with batch norm, and both accuracies. */
function batchLive(tracks, about) {
  const activation = tracks.find(({ norm }) => norm === 'batch')?.activation ?? 'sigmoid';
  const [batch, layer] = ['batch', 'layer'].map((norm) => find(tracks, activation, norm));
  start(batch);
  const largest = Math.max(...batch.moments.flatMap(({ layers }) => layers.map(({ gradient }) => gradient)));
  return { size: about.batch, gradient: largest, batch: accuracy(batch, about), layer: accuracy(layer, about) };
}

/** The same from the recorded networks with batches of one. */
function batchRecorded({ batchOfOne, chance }) {
  const of = (norm) => {
    const found = batchOfOne.find((one) => one.norm === norm);
    if (!found) throw new Lacking('s8.no_network', { network: `${norm}, batch 1` });
    return found;
  };
  const late = (reached) => accuracy({ evaluations: [[1, reached]] }, { chance });
  return { size: 1, gradient: of('batch').hidden_gradient, batch: late(of('batch').accuracy),
    layer: late(of('layer').accuracy) };
}

/** Batch norm needs a batch; layer norm does not. */
function batchOfOne(tracks, about) {
  const { size, gradient, batch, layer } = about.batchOfOne ? batchRecorded(about) : batchLive(tracks, about);
  return [
    figure(gradient === 0, 's8.hidden_gradient', { size, gradient: significant(gradient) }),
    figure(batch.guesses, 's8.at_batch', { size, norm: 'batch', ...batch.text }),
    figure(layer.learns, 's8.at_batch', { size, norm: 'layer', ...layer.text }),
  ];
}

/** Which networks train at the run's learning rate: one run can refute the claim, or support a part of it. */
function learningRates(tracks, about) {
  const trains = (norm) => {
    const track = find(tracks, 'relu', norm);
    return !diverged(track) && accuracy(track, about).succeeds;
  };
  const [none, batch, layer] = ['none', 'batch', 'layer'].map(trains);
  const values = { rate: about.rate };
  if (none === batch && none === layer) throw new Lacking(none ? 's8.all_train' : 's8.none_trains', values);
  const normed = (ok, norm) => figure(ok && !none, ok ? 's8.rate_usable' : 's8.rate_unusable', { ...values, norm });
  return [figure(!none, none ? 's8.rate_usable' : 's8.rate_unusable', { ...values, norm: 'none' }),
    ...(batch === none ? [] : [normed(batch, 'batch')]), ...(layer === none ? [] : [normed(layer, 'layer')])];
}

/** Whether layer norm trains with this run's choice of a and b: half of the claim. */
function affine(tracks, about) {
  const track = tracks.find(({ norm, activation }) => norm === 'layer' && activation === 'sigmoid') ??
    find(tracks, 'relu', 'layer');
  const late = accuracy(track, about);
  return [figure(late.succeeds && !diverged(track), `s8.affine_${about.affine}`, late.text)];
}

/** The claims in the record's order, by the program's ids. */
const CLAIMS = {
  'one-sided-batches': oneSidedBatches, 'scale-and-shift': scaleAndShift, 'vanishing-gradients': vanishingGradients,
  'slope-times-weights': slopeTimesWeights, 'drifting-inputs': driftingInputs, 'batch-norm-keeps': batchNormKeeps,
  'layer-norm-slows': layerNormSlows, 'norms-train': normsTrain, location, spread, 'relu-survives': reluSurvives,
  'batch-size-one': batchOfOne, 'learning-rates': learningRates, affine,
};

/** The ids of all claims. */
export const IDS = Object.keys(CLAIMS);

/** Claims that a single run can support only in part. */
const PARTIAL = new Set(['learning-rates', 'affine']);

/** Defaults, those of the laboratory, for facts that are not in the tracks. */
const ABOUT = { chance: 0.1, batch: 32, position: 'before', affine: 'per_unit', rate: 0.1 };

/**
 * Judges a claim by tracks, recorded or live.
 * @param {string} id @param {import('./record.js').Track[]} tracks
 * @param {{chance?: number, batch?: number, position?: string, affine?: string, rate?: number,
 *   batchOfOne?: object[]}} [about] facts that are not in the tracks: their training settings
 * @returns {{verdict: 'holds'|'partly'|'fails'|'unmeasured', evidence: {supports: boolean|null, key: string,
 *   values: object}[]}} evidence: keys of texts with their values; what is missing if it is unmeasured
 */
export function judge(id, tracks, about = {}) {
  try {
    const evidence = CLAIMS[id](tracks, { ...ABOUT, ...about });
    const supporting = evidence.filter(({ supports }) => supports).length;
    if (supporting === 0) return { verdict: 'fails', evidence };
    return { verdict: supporting < evidence.length || PARTIAL.has(id) ? 'partly' : 'holds', evidence };
  } catch (error) {
    if (!(error instanceof Lacking)) throw error;
    return { verdict: 'unmeasured', evidence: [{ supports: null, key: error.key, values: error.values }] };
  }
}
