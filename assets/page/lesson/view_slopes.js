// The slope of the activation at the inputs of each layer, computed from the histograms.

import { ACTIVATIONS } from './activations.js';
import { t } from './text.js';
import { remembered } from './view_data.js';
import { layersView } from './view_layers.js';

/**
 * The mean slope of an activation over counted inputs. Within a bin it is the derivative's mean, which is the
 * function's rise over the bin's width; beyond the ends it is the slope at the end. NaN if nothing was counted.
 * @param {string} activation @param {Pick<Layer, 'low'|'high'|'below'|'above'|'counts'>} histogram
 */
export function meanSlope(activation, { low, high, below, above, counts }) {
  const curve = ACTIVATIONS[activation];
  if (!curve || !counts?.length || !(high > low)) return NaN;
  const width = (high - low) / counts.length;
  let [sum, total] = [0, 0];
  let left = curve.of(low);
  counts.forEach((count, at) => {
    const right = curve.of(low + (at + 1) * width);
    sum += (count * (right - left)) / width;
    total += count;
    left = right;
  });
  const [under, over] = [below || 0, above || 0];
  return (sum + under * curve.slope(low) + over * curve.slope(high)) / (total + under + over);
}

const slopes = Object.fromEntries(
  Object.keys(ACTIVATIONS).map((name) => [name, remembered((layer) => meanSlope(name, layer))]),
);

/** The mean slope at a layer, computed once. @param {Layer} layer @param {string} activation */
export const slopeOf = (layer, activation) => slopes[activation]?.(layer) ?? NaN;

/** The view of the slopes. @param {object} scene */
export function slopesView(scene) {
  return layersView(scene, {
    key: 'slope',
    most: 0.25,
    of: (layer, _, track) => slopeOf(layer, track.activation),
    remark: (values, _, track) =>
      values.some(Number.isFinite)
        ? t('view.slope.steepest', {
            activation: t(`view.activation.${track.activation}`),
            value: ACTIVATIONS[track.activation].steepest,
          })
        : '',
  });
}
