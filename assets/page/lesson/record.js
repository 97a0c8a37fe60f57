// The recorded lesson in the page, as tracks: the results of a run, recorded or live.

/**
 * A hidden layer at a step. `outputs` are for an image of each class, one per row.
 * @typedef {{low: number, high: number, below: number, above: number, counts: number[],
 *   percentiles: [number, number, number], all_positive: number, all_negative: number, saturated: number,
 *   smallest: number[], largest: number[], gamma: number[], beta: number[], outputs: Rows,
 *   outputs_in_training?: Rows, gradient: number, change: number, gain: number}} Layer
 * `counts` of the inputs to the activation between `low` and `high`; `smallest` and `largest` input of each
 * unit over the probed images; `gradient` is the root mean square of the weights' gradient, `change` how far the
 * weights are from their initial values, ‖W − W₀‖/‖W₀‖, `gain` √(units · mean of W²).
 * @typedef {{width: number, low: number, high: number, bytes: Uint8Array}} Rows
 * @typedef {{step: number, layers: Layer[], output: {gradient: number, change: number, gain: number}}} Moment
 * @typedef {{name: string, activation: string, norm: string, losses: [number, number][],
 *   evaluations: [number, number, number][], first_label?: number, moments: Moment[]}} Track
 * `losses` are step and training loss; `evaluations` step, test accuracy and test loss; class labels start at
 * `first_label`, or at 0.
 */

/** Rows of grey values, unpacked on first use. @returns {Rows} */
function rows({ base64, ...rest }) {
  let bytes = null;
  return {
    ...rest,
    get bytes() {
      return (bytes ??= Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)));
    },
  };
}

/** The record with its pictures as bytes and its network's sizes. @returns {object & {networks: Track[]}} */
export function readRecord({ experiment, ...record }) {
  const layer = ({ outputs, outputs_in_training: training, ...rest }) => ({
    ...rest,
    outputs: rows(outputs),
    ...(training && { outputs_in_training: rows(training) }),
  });
  const moment = (one) => ({ ...one, layers: one.layers.map(layer) });
  const { hidden, seed, steps, batch, learning_rate, init } = experiment;
  return {
    ...record,
    ...{ seed, steps, batch, learning_rate, init, depth: hidden.length, units: hidden[0] ?? 0, widths: hidden },
    networks: record.networks.map((one) => ({ ...one, moments: one.moments.map(moment) })),
  };
}
